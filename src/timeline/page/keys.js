// Starts the page, and handles the keys.

const run = new Run(JSON.parse(document.getElementById("data").textContent));
for (const id of ["player", "panels"]) document.getElementById(id).hidden = false;
drawLegend(run);
const player = new Player(run);

const workers = run.lanes.filter((lane) => lane.isWorker).length;
say(
  document.getElementById("extent"),
  [
    count(run.events.length, "event"),
    count(run.tasks.size, "task"),
    count(workers, "worker"),
    short(run.length),
  ].join(" · "),
);

const KEYS = {
  ArrowLeft: () => player.goTo(player.k - 1),
  ArrowRight: () => player.goTo(player.k + 1),
  Home: () => player.goTo(0),
  End: () => player.goTo(player.last),
  " ": () => player.toggle(),
};

document.addEventListener("keydown", (event) => {
  const key = KEYS[event.key];
  // A select uses these keys itself, and a button uses the space bar.
  const itsOwn =
    event.target instanceof HTMLSelectElement ||
    (event.key === " " && event.target instanceof HTMLButtonElement);
  if (!key || itsOwn || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  key();
});
