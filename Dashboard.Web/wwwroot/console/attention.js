// Puts the number of alerts that ask for attention before whatever title a page has: "(2) Services · Dashboard".
const prefix = /^\(\d+\) /;
let loud = 0;

function write() {
  const bare = document.title.replace(prefix, '');
  const title = loud > 0 ? `(${loud}) ${bare}` : bare;
  if (title !== document.title) document.title = title;
}

// A page sets its title when it is opened, perhaps by another element.
new MutationObserver(write).observe(document.head, { subtree: true, childList: true, characterData: true });

export function count(alerts) {
  loud = alerts;
  write();
}
