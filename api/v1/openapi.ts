/** What the swagger plugin made of the routes, tidied. */
import type { Api } from './contract.ts';

interface Document extends Readonly<Record<string, unknown>> {
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** The OpenAPI document of the routes that are registered. */
export const openApi = (app: Api): Readonly<Record<string, unknown>> =>
  onlyUsedSchemas(app.swagger() as unknown as Document);

/** The document without the component schemas that nothing in it leads to: each is made for bodies and for answers, and most serve one. */
function onlyUsedSchemas(document: Document): Document {
  const { schemas, ...components } = document.components;
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const name = key === '$ref' ? String(inner).split('/').at(-1)! : null;
      if (name === null) visit(inner);
      else if (!used.has(name)) {
        used.add(name);
        visit(schemas[name]);
      }
    }
  };
  visit({ ...document, components });
  const left = Object.entries(schemas).filter(([name]) => used.has(name));
  return { ...document, components: { ...components, schemas: Object.fromEntries(left) } };
}
