import { CaseTag, IfTag, TypeGuards, UnlessTag, type Template } from 'liquidjs';
import { SpinTag } from './spin-tag.ts';

/** The characters that a rendered template has at the least: its literal text on the shortest way through, values left out. */
export function minimumLength(templates: readonly Template[]): number {
  return templates.reduce((sum, template) => sum + leastOf(template), 0);
}

function leastOf(template: Template): number {
  if (TypeGuards.isHTMLToken(template.token)) return [...template.token.getContent()].length;
  if (template instanceof SpinTag) return Math.min(...template.arms.map(minimumLength));
  if (template instanceof IfTag || template instanceof UnlessTag || template instanceof CaseTag) {
    // Without an else nothing may be printed at all.
    const otherwise = minimumLength(template.elseTemplates ?? []);
    return Math.min(otherwise, ...template.branches.map((branch) => minimumLength(branch.templates)));
  }
  return 0;
}
