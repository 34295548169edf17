// What Streamlit leaves to the mouse, by keyboard: rows, names of grids, the search, places.
// Nothing here changes anything by itself: it leads, focuses, and presses what somebody is at.
// The page says what it has (pages/shared/access/keyboard.py): places by key, columns that lead.
// Until then, and for who is not signed in, no key does anything.
(() => {
  "use strict";
  const SEQUENCE_MS = 1500;
  const ANSWER_MS = 5000;
  const SETTLED_MS = 300; // the focus follows a key from cell to cell within 200 ms
  const OFF = "credit_desk_keys=off";
  const GRID = '[data-testid="stDataFrame"]';
  const TYPES =
    "textarea, select, [contenteditable=true], [role=listbox], [role=menu], " +
    "input:not([type=checkbox], [type=radio], [type=file], [type=range])";

  const page = () => document.querySelector("[data-desk-places]")?.dataset;
  const busy = () => document.querySelector('[role="dialog"], [role="menu"]');
  const search = () => document.querySelector(".st-key-student_search input");
  const inGrid = (at) => at.closest(`${GRID} canvas`);
  const take = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation(); // Streamlit has keys of its own: R runs the page again
  };

  // ------------------------------------------------------------------ said to screen readers
  const told = document.createElement("div");
  told.setAttribute("role", "status");
  told.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
  document.body.append(told);

  // ------------------------------------------------------------------------------- in a grid
  // The grid is painted on a canvas, with a table in it for screen readers: the focus is in a cell
  // of that. What glide-data-grid was given (its public properties) stands in React's node.
  function gridOf(canvas) {
    const key = Object.keys(canvas).find((name) => name.startsWith("__reactFiber$"));
    for (let at = canvas[key]; at; at = at.return)
      if (at.memoizedProps?.onCellClicked && at.memoizedProps.gridSelection)
        return at.memoizedProps;
    return undefined;
  }

  const ticks = (grid) => typeof grid.rowMarkers === "object";
  const leads = (grid) =>
    page().deskLeads.split("|").map((title) => grid.columns.findIndex((of) => of.title === title));
  const opens = (grid) => !ticks(grid) && leads(grid).some((column) => column >= 0);

  function isButton(grid, column, row) {
    const cell = column >= 0 ? grid.getCellContent([column, row]) : undefined;
    return cell?.data?.kind === "button-cell" && Boolean(cell.data.data?.length);
  }

  // Column and row that have the focus. The marker of ticks counts as a column there.
  function place(canvas, grid) {
    const cell = document.activeElement;
    if (cell.getAttribute("role") !== "gridcell" || !canvas.contains(cell)) return undefined;
    const [column, row] = cell.id.split("-").slice(-2).map(Number);
    return { cell, column: column - Number(ticks(grid)), row };
  }

  function press(canvas, grid) {
    const { column, row } = place(canvas, grid) ?? {};
    if (row === undefined) return;
    const at = [column, ...leads(grid)].find((n) => isButton(grid, n, row));
    if (at === undefined) return;
    // so narrow that the middle is on the button, at whichever side of its cell that is drawn
    const bounds = { x: 0, y: 0, width: 40, height: 30 };
    const middle = { localEventX: bounds.width / 2, localEventY: bounds.height / 2 };
    grid.onCellClicked([at, row], { bounds, ...middle, preventDefault() {} });
  }

  function atButton(canvas, grid) {
    const { column, row } = place(canvas, grid) ?? {};
    return row !== undefined && isButton(grid, column, row);
  }

  // By Streamlit's own key for it, unless that was pressed.
  function tick(canvas, grid, event) {
    const own = { key: " ", code: "Space", shiftKey: true, bubbles: true, cancelable: true };
    if (!event?.shiftKey) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", own));
    setTimeout(() => say(canvas, grid), SETTLED_MS);
  }

  function say(canvas, grid) {
    const { cell, row } = place(canvas, grid) ?? {};
    if (row === undefined) return;
    const of = cell.closest("tr");
    const ticked = of.getAttribute("aria-selected") === "true" ? "Ticked" : "Not ticked";
    const words = [...of.querySelectorAll("td")].slice(0, 3).map((each) => each.textContent);
    told.textContent = `${ticked}: row ${row + 1}, ${words.filter(Boolean).join(", ")}`;
  }

  let moved = -SETTLED_MS; // when a key was pressed in a grid
  // Whether the key was one for a grid.
  function keyInGrid(event, canvas) {
    const wait = Math.max(0, moved + SETTLED_MS - event.timeStamp);
    moved = event.timeStamp;
    const grid = ["Enter", " "].includes(event.key) ? gridOf(canvas) : undefined;
    if (!grid) return false;
    const then = (act) => {
      take(event);
      setTimeout(() => act(canvas, gridOf(canvas)), wait);
    };
    if (event.key === " ") {
      if (!ticks(grid)) return true;
      if (!event.shiftKey) take(event);
      tick(canvas, grid, event);
    } else if (opens(grid)) then(press);
    else if (ticks(grid) && grid.rowSelect === "single") then(tick); // what is ticked is shown
    else if (!wait && atButton(canvas, grid)) then(press);
    return true;
  }

  // ------------------------------------------------------------------------------ the search
  let wanted; // whom Enter asked for: the text, and until when
  function keyInSearch(event) {
    if (event.key === "ArrowDown" && focusGrid()) take(event);
    if (event.key !== "Enter") return;
    wanted = { text: event.target.value, until: event.timeStamp + ANSWER_MS };
    openOnly();
  }

  function openOnly() {
    if (!wanted) return;
    if (performance.now() > wanted.until || search()?.value !== wanted.text) {
      wanted = undefined;
      return;
    }
    const text = [...new TextEncoder().encode(wanted.text)];
    const hex = text.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const only = document.querySelector(`.st-key-only_${hex} button:not([disabled])`);
    if (!only) return;
    wanted = undefined;
    only.click();
  }

  const seen = new WeakSet();
  function focusSearch() {
    const box = search();
    if (!box || seen.has(box)) return;
    if (busy()) return; // again when that is gone
    const elsewhere = document.activeElement?.matches(TYPES);
    if (!elsewhere) box.focus(); // which does nothing while the page is not shown yet
    if (elsewhere || document.activeElement === box) seen.add(box);
  }

  // ------------------------------------------------------------------------ from everywhere
  // The first table whose rows open or are ticked, if there is one; from a table the next one.
  function focusGrid() {
    const all = [...document.querySelectorAll(`${GRID} canvas`)].filter((each) => each.checkVisibility());
    const here = all.findIndex((each) => each.contains(document.activeElement));
    const main = all.findIndex((each) => ((grid) => grid && (opens(grid) || ticks(grid)))(gridOf(each)));
    const at = here < 0 ? Math.max(main, 0) : (here + 1) % all.length;
    all[at]?.focus();
    return all.length > 0;
  }

  function pressKeys() {
    const button = document.querySelector(".st-key-keys button");
    button.focus(); // where Esc leads back to
    button.click();
    opening = true;
  }

  let opening = false; // the sheet of keys, into which the focus goes
  function focusSheet() {
    const first = opening && document.querySelector(".st-key-single_keys input");
    if (!first) return;
    opening = false;
    first.focus();
  }

  function go(place) {
    history.pushState({}, "", `/${place}`); // as Streamlit does it, which listens to "back"
    dispatchEvent(new PopStateEvent("popstate"));
  }

  const ANYWHERE = {
    "?": pressKeys,
    "/": () => (search() ? search().focus() : go("contacts")),
    t: focusGrid,
  };

  let began = -SEQUENCE_MS; // when "g" was pressed
  function keyAnywhere(event) {
    const inTime = event.timeStamp - began < SEQUENCE_MS;
    began = -SEQUENCE_MS;
    const places = JSON.parse(page().deskPlaces);
    if (inTime && places[event.key]) {
      take(event);
      go(places[event.key]);
    } else if (event.key === "g") {
      take(event);
      began = event.timeStamp;
    } else if (ANYWHERE[event.key]) {
      take(event);
      ANYWHERE[event.key]();
    }
  }

  addEventListener(
    "keydown",
    (event) => {
      if (!event.isTrusted || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!page() || event.repeat) return;
      const canvas = inGrid(event.target);
      if (canvas && keyInGrid(event, canvas)) return;
      if (event.target === search()) keyInSearch(event);
      else if (document.cookie.includes(OFF) || busy() || event.target.closest(TYPES)) return;
      else keyAnywhere(event);
    },
    true,
  );

  // Single keys can be turned off, on the sheet (WCAG 2.1.4); the browser remembers it.
  addEventListener("change", (event) => {
    if (!event.target.closest(".st-key-single_keys")) return;
    const secure = location.protocol === "https:" ? "; secure" : "";
    const value = event.target.checked ? "on" : "off";
    document.cookie = `credit_desk_keys=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
  });

  // ------------------------------------------------------------------- after each drawing
  function nameGrids() {
    for (const table of document.querySelectorAll(`${GRID} table[role="grid"]:not([aria-label])`)) {
      const name = table.closest('[role="region"]')?.getAttribute("aria-label");
      if (name) table.setAttribute("aria-label", name);
    }
  }

  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      nameGrids();
      focusSearch();
      focusSheet();
      openOnly();
    });
  }).observe(document.body, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-test-script-state"], // a run has ended
  });
})();
