// Guess first: asks before each ruling is shown, and at the end says how well sureness matched being right.
(() => {
  "use strict";
  const page = document.documentElement;
  const BELIEVED = [["supported", "It holds"], ["refuted", "It does not hold"], ["inconclusive", "These trials cannot tell"]];
  const SURE = [[34, "a bare guess"], [50, "even odds"], [65, ""], [80, ""], [95, "all but certain"]];
  const guesses = [];
  page.classList.add("guessing"); // before anything is drawn, so that no ruling flashes by

  const make = (tag, kind, ...inside) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...inside);
    return element;
  };
  const percent = (share) => `${Math.round(100 * share)} %`;
  const parts = (anchor) => document.querySelectorAll(`[data-guess="${CSS.escape(anchor)}"]`);
  const said = (ruling) => BELIEVED.find(([value]) => value === ruling)[1];
  const aloud = make("p", "hidden");
  aloud.setAttribute("role", "status");

  const choice = (name, legend, options) => {
    const field = make("fieldset", "choice", make("legend", "", legend));
    for (const [value, text, more] of options) {
      const input = make("input");
      Object.assign(input, { type: "radio", name, value, autocomplete: "off" });
      field.append(make("label", "", input, make("span", "", text, ...(more ? [make("small", "", ` ${more}`)] : []))));
    }
    return field;
  };
  const chosen = (field) => field.querySelector("input:checked")?.value;

  const ask = (item) => {
    const anchor = item.dataset.guess;
    const what = choice(`${anchor}-believed`, "What will the evidence say?", BELIEVED);
    const how = choice(`${anchor}-sure`, "How sure are you of that?", SURE.map(([p, word]) => [p, `${p} %`, word]));
    const button = make("button", "", "Show the ruling");
    const missing = make("p", "missing");
    button.type = "button";
    missing.setAttribute("role", "alert");
    const form = make("div", "guess", what, how, button, missing);
    form.id = `guess-${anchor}`;
    form.setAttribute("role", "group");
    form.setAttribute("aria-label", "Your guess");
    button.addEventListener("click", () => {
      const empty = [what, how].find((field) => chosen(field) === undefined);
      if (empty) {
        missing.textContent = empty === what ? "Say what you believe first." : "Say how sure you are first.";
        empty.querySelector("input").focus();
        return;
      }
      answer(item, form, { believed: chosen(what), sure: Number(chosen(how)) / 100, ruling: item.dataset.ruling });
    });
    item.querySelector(".said > h3").after(form);
  };

  const answer = (item, form, guess) => {
    guesses.push(guess);
    guess.right = guess.believed === guess.ruling;
    const text = `You said: ${said(guess.believed).toLowerCase()}, ${percent(guess.sure)} sure. ${guess.right ? "Right." : "Not so."}`;
    const told = make("p", "yours small", text);
    told.tabIndex = -1;
    form.replaceWith(told);
    for (const part of parts(item.dataset.guess)) part.classList.add("told");
    told.focus({ preventScroll: true });
    const left = document.querySelectorAll(".verdicts > [data-guess]:not(.told)").length;
    aloud.textContent = `The ruling: ${item.querySelector(".answer .ruling").textContent}. ${left ? `${left} to go.` : "That was the last one; your score follows the verdicts."}`;
    if (!left) finish();
  };

  const finish = () => {
    page.classList.remove("guessing");
    document.querySelectorAll(".guess, .locked, .opening button").forEach((part) => part.remove());
    if (guesses.length) document.querySelector(".verdicts").after(score());
  };

  const score = () => {
    const mean = (list, value) => list.reduce((sum, guess) => sum + value(guess), 0) / list.length;
    const right = mean(guesses, (guess) => Number(guess.right));
    const sure = mean(guesses, (guess) => guess.sure);
    const brier = mean(guesses, (guess) => (guess.sure - Number(guess.right)) ** 2);
    const hits = guesses.filter((guess) => guess.right).length;
    const off = Math.round(100 * (sure - right));
    const how = Math.abs(off) < 5 ? "about as sure as you were right"
      : off > 0 ? `${off} points surer than you were right` : `${-off} points less sure than you were right`;
    const table = make("table", "numbers");
    const head = table.createTHead().insertRow();
    for (const name of ["You said", "Guesses", "Right", "Share right"]) {
      const cell = make("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [p] of SURE) {
      const these = guesses.filter((guess) => Math.round(100 * guess.sure) === p);
      if (!these.length) continue;
      const first = make("th", "", `${p} % sure`);
      first.scope = "row";
      const found = these.filter((guess) => guess.right).length;
      body.insertRow().append(first, ...[these.length, found, percent(found / these.length)].map((cell) => make("td", "n", String(cell))));
    }
    const wide = make("div", "scroll", table);
    wide.tabIndex = 0;
    wide.setAttribute("role", "group");
    wide.setAttribute("aria-label", "Your guesses by how sure you were");
    const part = make("section", "score", make("h3", "", "How well calibrated you were"),
      make("p", "", `You were right in ${hits} of ${guesses.length}, and ${percent(sure)} sure on average: ${how}. Your Brier score is `,
        make("strong", "", brier.toFixed(2)), "."),
      wide,
      make("p", "small", "The Brier score is the mean of (sureness − 1 if right, 0 if not)², here over the answer you chose: 0 is perfect, 1 the worst, and whoever always says 50 % gets 0.25. With so few guesses chance moves it much; what to look at is whether those you were surest of came out right most often."));
    part.id = "score";
    part.setAttribute("aria-label", "Your score");
    return part;
  };

  const begin = () => {
    const items = [...document.querySelectorAll(".verdicts > [data-guess]")];
    if (!items.length) return page.classList.remove("guessing");
    const skip = make("button", "plain", "Show everything");
    skip.type = "button";
    skip.addEventListener("click", finish);
    const many = items.length === 1 ? "One belief waits" : `${items.length} beliefs wait`;
    document.querySelector("#verdicts h2").after(make("div", "opening",
      make("p", "", `Guess first. ${many} for your guess: what the evidence says about each, and how sure you are. The ruling and its article open when you have answered. Nothing is kept or sent.`), skip));
    items.forEach(ask);
    for (const article of document.querySelectorAll("article[data-guess]")) {
      const link = make("a", "", "Say what you believe about it");
      link.href = `#guess-${article.dataset.guess}`;
      article.querySelector("header").after(make("p", "locked", link, " to open this article."));
    }
    document.querySelector("main").append(aloud);
  };
  document.addEventListener("DOMContentLoaded", () => {
    try {
      begin();
    } catch {
      page.classList.remove("guessing");
    }
  });
})();
