// A narrow window has no room for the head of a table, so each cell carries its own.
'use strict';

for (const { tHead, tBodies } of document.querySelectorAll('table.list')) {
  const labels = [...tHead.rows[0].cells].map((cell) => cell.firstChild?.textContent ?? '');
  for (const row of tBodies[0].rows) {
    labels.forEach((label, index) => { row.cells[index].dataset.label = label; });
  }
}
