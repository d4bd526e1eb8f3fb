// What runs inside the page: measures what is drawn. Plain JavaScript, since it knows the browser and nothing of Node.

const sorted = (elements) => elements.sort((one, other) => one.offsetTop - other.offsetTop);
const plain = (text) => text.replaceAll("\u00a0", " ").replaceAll("\u200c", "");

/** The texts of the lines, top to bottom. */
export function drawnLines(selector) {
  return sorted([...document.querySelectorAll(selector)]).map((element) => plain(element.textContent));
}

/** The middle of a text on a line that is drawn, in pixels; null where it is not drawn. */
export function placeOnLine({ selector, wanted, line }) {
  const element = sorted([...document.querySelectorAll(selector)])[line - 1];
  if (element === undefined) return null;
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const pieces = [];
  let whole = "";
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    pieces.push({ node, from: whole.length });
    whole += node.textContent.replaceAll("\u00a0", " ");
  }
  const start = whole.indexOf(wanted);
  if (start < 0) return null;
  const locate = (offset) => {
    const piece = pieces.findLast(({ from }) => from <= offset);
    return [piece.node, offset - piece.from];
  };
  const range = document.createRange();
  range.setStart(...locate(start));
  range.setEnd(...locate(start + wanted.length - 1));
  const box = range.getBoundingClientRect();
  return { x: box.left + box.width / 2 + 2, y: box.top + box.height / 2 };
}
