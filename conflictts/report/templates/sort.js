"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.v;
      const rows = [...body.rows].map((row, place) => [key(row), place, row]);
      rows.sort(([a, i], [b, j]) => {
        if (a === "" || b === "") return (a === "") - (b === "") || i - j; // without a number: always last
        const order = head.classList.contains("n") ? a - b : a.localeCompare(b);
        return (down ? -order : order) || i - j;
      });
      body.append(...rows.map(([, , row]) => row));
    });
  });
}
