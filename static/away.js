// Says in the desk's own words that its server does not answer, and takes that back when it does.
//
// A server that is gone closes the websocket; one that stalls does not, and the page just stands
// still. So the page asks: an answer that does not come within ANSWER_MS is none. Together with the
// pause between two questions that is under 5 s.
(() => {
  "use strict";
  const ADDRESS = "/api/healthz", PAUSE_MS = 2000, ANSWER_MS = 2000;
  const STYLE = [
    "position:fixed", "inset:0 0 auto 0", "z-index:2147483647", "padding:0.75rem 1rem",
    "background:#8E1F28", "color:#fff", "text-align:center",
    "font:600 0.9375rem/1.45 'IBM Plex Sans',system-ui,sans-serif",
  ].join(";");
  const KEPT = "Confirmed operations are kept, and each is carried out once. This page continues "
    + "by itself when";
  const GONE = "Credit Desk does not answer. Its server has stopped or is very busy. "
    + `${KEPT} the server answers.`;
  const OFFLINE = `This computer is offline. ${KEPT} the network is back.`;

  let bar = null;

  const tell = (words) => {
    if (bar === null) {
      bar = document.createElement("div");
      bar.id = "credit-desk-away";
      bar.style.cssText = STYLE;
      bar.setAttribute("role", "alert");
      document.body.append(bar);
    }
    if (bar.textContent !== words) bar.textContent = words;
  };

  const untell = () => {
    bar?.remove();
    bar = null;
  };

  const look = async () => {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answer = await fetch(ADDRESS, { cache: "no-store", credentials: "omit", signal });
      if (answer.status >= 500) throw new Error("a proxy answers in its place");
      untell();
    } catch {
      tell(navigator.onLine ? GONE : OFFLINE);
    }
  };

  let waiting = null;
  const keepLooking = async () => {
    clearTimeout(waiting);
    if (document.hidden) return; // nobody reads it; asked again when somebody does
    await look();
    clearTimeout(waiting);
    waiting = setTimeout(keepLooking, PAUSE_MS);
  };

  document.addEventListener("visibilitychange", keepLooking);
  waiting = setTimeout(keepLooking, PAUSE_MS);
})();
