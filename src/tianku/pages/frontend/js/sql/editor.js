import { acceptCompletion, autocompletion } from "@codemirror/autocomplete";
import { schemaCompletionSource, sql } from "@codemirror/lang-sql";
import { Compartment, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { ADQL, keywordCompletion } from "./adql.js";

const markError = StateEffect.define();

/** The word that the server complained about, until the text is changed. */
const errorField = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    if (transaction.docChanged) return Decoration.none;
    for (const effect of transaction.effects) {
      if (effect.is(markError)) return effect.value ? Decoration.set([effect.value]) : Decoration.none;
    }
    return marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * Typing over a selection, done here: Chromium would keep the colours of what it replaces by an inline style,
 * which the editor throws away but the page's security policy reports.
 */
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    if (event.inputType !== "insertText" || empty || !event.data || view.composing) return false;
    const insert = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type" });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, from, to, event.data, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: "14px", minHeight: "11rem", maxHeight: "60vh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto", minHeight: "11rem" },
  ".cm-content": { caretColor: "var(--ink)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--soft)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--soft) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
  ".cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--raised)", border: "1px solid var(--rule)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--night)", color: "#fff" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--soft)" },
  ".cm-sql-error": { backgroundColor: "color-mix(in srgb, var(--bad) 25%, transparent)", textDecoration: "wavy underline var(--bad)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--link)", fontWeight: "600" },
  { tag: [tags.standard(tags.name), tags.typeName], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: tags.number, color: "var(--bad)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

/** An ADQL editor in `place`. */
export class Editor {
  /** @param {{doc: string, label: string, run: function}} options `run` is called by Ctrl-Enter */
  constructor(place, { doc, label, run }) {
    this.language = new Compartment();
    const runKey = { key: "Mod-Enter", run: () => (run(), true) };
    // In a shadow root the editor uses constructed style sheets, which a policy without inline styles allows.
    const shadow = place.attachShadow({ mode: "open" });
    this.view = new EditorView({
      doc,
      parent: shadow,
      root: shadow,
      extensions: [
        Prec.highest(keymap.of([runKey, { key: "Tab", run: acceptCompletion }])),
        basicSetup,
        autocompletion({ icons: false }),
        this.language.of(language({})),
        syntaxHighlighting(colours),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label }),
        errorField,
        typeOver,
        theme,
      ],
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  set text(value) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: value } });
  }

  /** Offer the tables and columns of `schema` when completing. */
  complete(schema) {
    this.view.dispatch({ effects: this.language.reconfigure(language(schema)) });
  }

  /** Mark `{from, to}`, or nothing for null. */
  mark(where) {
    const marked = where && where.to > where.from ? Decoration.mark({ class: "cm-sql-error" }).range(where.from, where.to) : null;
    const effects = [markError.of(marked)];
    if (marked) effects.push(EditorView.scrollIntoView(where.from, { y: "nearest" }));
    this.view.dispatch({ effects });
  }

  focus() {
    this.view.focus();
  }
}

function language(schema) {
  return [
    sql({ dialect: ADQL, upperCaseKeywords: true, keywordCompletion }),
    ADQL.language.data.of({ autocomplete: schemaCompletionSource({ dialect: ADQL, schema }) }),
    ADQL.language.data.of({ autocomplete: (context) => completeColumn(context, schema) }),
  ];
}

/** Columns of the tables that the query names anywhere, so that they are offered in SELECT before FROM is complete. */
function completeColumn(context, schema) {
  const word = context.matchBefore(/\w+/);
  if (!word || before(context, word) === ".") return null;
  const text = context.state.doc.toString().toLowerCase();
  const named = Object.entries(schema).filter(([name]) => text.includes(name.toLowerCase()));
  const options = named.flatMap(([, table]) => table.children.map((column) => ({ ...column, boost: 2 })));
  return options.length ? { from: word.from, options, validFor: /^\w*$/ } : null;
}

function before(context, word) {
  return context.state.sliceDoc(Math.max(0, word.from - 1), word.from);
}
