import { createHash } from 'node:crypto';
import {
  Tag,
  type Context,
  type Emitter,
  type Liquid,
  type Parser,
  type TagToken,
  type Template,
  type TopLevelToken,
} from 'liquidjs';

/** The register that holds what a spin's choice depends on besides its position: the lead's seed, the step and the field. */
export const SPIN_KEY = 'spin';

/** `{% spin %}Hi{% or %}Hello{% endspin %}`: one of the texts, always the same one for a lead, a step and a place in it. */
export class SpinTag extends Tag {
  readonly arms: Template[][] = [[]];
  private readonly position: number;

  constructor(token: TagToken, remaining: TopLevelToken[], liquid: Liquid, parser: Parser) {
    super(token, remaining, liquid);
    this.position = token.begin;
    const stream = parser
      .parseStream(remaining)
      .on('tag:or', () => this.arms.push([]))
      .on('tag:endspin', () => stream.stop())
      .on('template', (template: Template) => this.arms.at(-1)?.push(template))
      .on('end', () => {
        throw new Error('spin has no endspin');
      });
    stream.start();
  }

  *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const key = `${String(context.getRegister(SPIN_KEY, ''))}:${this.position}`;
    const arm = this.arms[choose(key, this.arms.length)] ?? [];
    yield this.liquid.renderer.renderTemplates(arm, context, emitter);
  }

  *children(): Generator<unknown, Template[]> {
    return this.arms.flat();
  }
}

/** A number below `count` that depends on `key` only, evenly spread. */
function choose(key: string, count: number): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) % count;
}
