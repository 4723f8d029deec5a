const adopted = new Set<string>();

/** Adds a style sheet to the document, once. A constructed sheet needs no inline style of the content security policy. */
export function adopt(css: string): void {
  if (adopted.has(css)) return;
  adopted.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
