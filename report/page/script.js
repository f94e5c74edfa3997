// The page: what is chosen, and what follows from it.
const data = JSON.parse(document.getElementById("data").textContent);
const element = id => document.getElementById(id);
const metricOf = name => data.metrics.find(metric => metric.name === name) ?? {name, unit: "", better: "", help: ""};
const state = {machine: 0, metric: data.table[0], policy: 0};

function cell(row, text, kind = "td") {
  const made = document.createElement(kind);
  made.textContent = text;
  row.append(made);
  return made;
}
function options(select, texts, chosen) {
  select.replaceChildren(...texts.map((text, value) => new Option(text, value, false, value === chosen)));
}

function showRanking(policies) {
  const head = document.createElement("tr");
  cell(head, "policy", "th");
  for (const name of data.table) {
    const heading = cell(head, "", "th"), button = document.createElement("button");
    button.type = "button";
    button.textContent = name.replace(/_(ns|ppm|uj)(?=_|$)/, "").replaceAll("_", " ");
    button.title = metricOf(name).help;
    button.onclick = () => choose({metric: name});
    heading.setAttribute("aria-pressed", name === state.metric);
    heading.append(button);
  }
  const rows = policies.map(policy => {
    const row = document.createElement("tr");
    if (!policy.contender) row.className = "out";
    cell(row, policy.name);
    data.table.forEach(name => {
      const entry = policy.metrics[name], metric = metricOf(name);
      const made = cell(row, !entry ? "–" : entry.few ? "?" : formatted(entry.mean, metric.unit));
      if (!entry || entry.few) { made.title = entry ? "too few samples for this quantile" : ""; return; }
      if (entry.best) { made.className = "best"; made.textContent += " ★"; }
      if (entry.percent === undefined) return;
      const remark = document.createElement("small");
      remark.textContent = percent(entry.percent) + (entry.percent_half === undefined ? "" : " ±" + entry.percent_half.toFixed(1));
      if (metric.better && Math.abs(entry.percent) > (entry.percent_half ?? 0))
        remark.className = (entry.percent < 0) === (metric.better === "lower") ? "good" : "bad";
      made.append(remark);
    });
    return row;
  });
  element("ranking").replaceChildren(head, ...rows);
  element("troubles").replaceChildren(...policies.flatMap(policy => policy.troubles.map(trouble => {
    const line = document.createElement("li");
    line.textContent = policy.name + ", " + trouble;
    return line;
  })));
}

function showNames(policy) {
  const head = document.createElement("tr");
  for (const text of ["name", "tasks", "on CPUs", "waited for a CPU", "blocked"]) cell(head, text, "th");
  element("names").replaceChildren(head, ...policy.names.map(([name, tasks, ...times]) => {
    const row = document.createElement("tr");
    cell(row, name);
    cell(row, formatted(tasks, ""));
    for (const time of times) cell(row, formatted(time, "ns"));
    return row;
  }));
}

function choose(change) {
  Object.assign(state, change);
  const machine = data.machines[state.machine], policies = machine.policies;
  state.policy = Math.min(state.policy, policies.length - 1);
  const metric = metricOf(state.metric);
  element("subtitle").textContent = machine.workload + " on " + machine.name + ", " + policies[0].seeds.length + " seed" +
      (policies[0].seeds.length === 1 ? "" : "s");
  options(element("policy"), policies.map(policy => policy.name), state.policy);
  element("metric").value = state.metric;
  element("help").textContent = metric.help + (metric.better ? "; " + metric.better + " is better" : "");
  showRanking(policies);
  drawRuns(policies, metric);
  drawDifferences(policies, metric);
  drawCauses(policies, data.causes);
  drawCpus(policies[state.policy]);
  showNames(policies[state.policy]);
  element("drawing-section").hidden = !machine.drawing;
  if (machine.drawing) element("drawing").innerHTML = machine.drawing;
}

let timeline;
function showTimeline(index) {
  const run = data.timelines[index];
  element("coarse").textContent = run.coarse
      ? "There are too many runs for a page: those shorter than " + formatted(run.coarse, "ns") + " are drawn together." : "";
  timeline.show(run);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  choose({});
  timeline?.draw();
}

element("title").textContent = data.title;
element("config").textContent = data.config || "(not known)";
element("provenance").textContent = "simsched " + data.version + ". The same config gives the same figures on any computer.";
options(element("machine"), data.machines.map(machine => machine.name), 0);
const measured = data.metrics.filter(metric => data.machines.some(machine => machine.policies.some(policy => policy.metrics[metric.name])));
element("metric").replaceChildren(...measured.map(metric => new Option(metric.name, metric.name)));
element("machine").onchange = event => choose({machine: Number(event.target.value)});
element("metric").onchange = event => choose({metric: event.target.value});
element("policy").onchange = event => choose({policy: Number(event.target.value)});
element("theme").onclick = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
if (data.timelines.length) {
  element("timeline-section").hidden = false;
  timeline = new Timeline(element("timeline"), (what, text) => {
    element(what === "range" ? "timeline-range" : "pointed").textContent = text;
  });
  options(element("timeline-run"), data.timelines.map(run => run.policy + " on " + run.machine + ", seed " + run.seed), 0);
  element("timeline-run").onchange = event => showTimeline(Number(event.target.value));
  element("filter").oninput = event => { timeline.filter = event.target.value.trim().toLowerCase(); timeline.draw(); };
  showTimeline(0);
}
theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.documentElement.dataset.ready = "yes";
