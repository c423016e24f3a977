/** What jsdom lacks of a browser's layout, as far as the editor asks for it. */

const nothing = { top: 0, bottom: 0, left: 0, right: 0, width: 0, height: 0, x: 0, y: 0, toJSON: () => ({}) };

Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
Range.prototype.getBoundingClientRect = () => nothing;
Element.prototype.scrollIntoView = () => {};
document.elementFromPoint = () => null;
