import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import { nonce } from '../../nonce.ts';
import classes from './Editor.module.css';
import { schemaCompletion } from './schema-completion.ts';

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--c-accent-text)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--c-good)' },
  { tag: [tags.number, tags.bool, tags.atom, tags.keyword, tags.labelName], color: 'var(--c-warn)' },
  { tag: [tags.comment, tags.meta, tags.punctuation, tags.separator], color: 'var(--mantine-color-dimmed)' },
]);

export interface EditorProps {
  /** What stands in it; a new object replaces what was typed (and can be undone), the same one leaves it alone. */
  readonly shown: { readonly text: string };
  readonly schema: Readonly<Record<string, unknown>>;
  readonly problems: Answer<'sequences.validate'>['problems'];
  readonly readOnly: boolean;
  readonly onChange: (text: string) => void;
  readonly onSave: () => void;
}

/** A sequence's YAML: completed by its schema, with what is wrong shown where it is. */
export default function Editor({ shown, schema, problems, readOnly, onChange, onSave }: EditorProps) {
  const { t } = useTranslation('sequences');
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ onChange, onSave });
  // An editor that is made anew (another language) goes on with what was typed.
  const doc = useRef(shown.text);
  useEffect(() => {
    latest.current = { onChange, onSave };
  });
  const label = t('editor');
  useEffect(() => {
    const editor = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: doc.current,
        extensions: [
          EditorView.cspNonce.of(nonce),
          basicSetup,
          yaml(),
          syntaxHighlighting(colours),
          lintGutter(),
          autocompletion({ override: [schemaCompletion(schema)], activateOnTyping: true }),
          keymap.of([
            ...completionKeymap,
            {
              key: 'Mod-s',
              preventDefault: true,
              run: () => {
                latest.current.onSave();
                return true;
              },
            },
          ]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          EditorState.readOnly.of(readOnly),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            doc.current = update.state.doc.toString();
            latest.current.onChange(doc.current);
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [schema, readOnly, label]);
  useEffect(() => {
    const editor = view.current;
    if (!editor || doc.current === shown.text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: shown.text } });
  }, [shown]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problems.map(({ line, column, message, hint }) => {
          const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
          const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
          return {
            from,
            to: Math.max(from, at.to),
            severity: 'error',
            message: hint ? `${message}\n${hint}` : message,
          };
        }),
      ),
    );
  }, [problems]);
  return <div ref={place} className={classes.editor} />;
}
