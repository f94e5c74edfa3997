// Numbers as people read them, and the charts.
const hues = ["#4a7f5c", "#e8a33d", "#d64545", "#7ba4cc", "#8e6bbf", "#9fb3a6", "#2f5d8a", "#c97fa8", "#8f8f3f", "#45a3a3"];
const hue = index => hues[index % hues.length];

function significant(value) {
  return Math.abs(value) < 999.95 ? value.toPrecision(4) : value.toFixed(0);
}
function scaled(value, units) {
  let unit = 0;
  for (; unit + 1 < units.length && Math.abs(value) >= 999.95; ++unit) value /= 1000;
  return (Number.isInteger(value) && unit === 0 ? String(value) : significant(value)) + " " + units[unit];
}
function formatted(value, unit) {
  if (unit === "ns") return scaled(value, ["ns", "us", "ms", "s"]);
  if (unit === "uj") return scaled(value, ["uJ", "mJ", "J", "kJ"]);
  if (unit === "ppm") return (value / 10000).toFixed(1) + " %";
  return Number.isInteger(value) || Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}
function percent(value) {
  if (Math.abs(value) < 0.05) return "0.0 %";
  return value >= 999.5 ? "×" + Math.round(1 + value / 100) : (value > 0 ? "+" : "") + value.toFixed(1) + " %";
}

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

const charts = new Map();
function draw(id, config) {
  charts.get(id)?.destroy();
  Chart.defaults.color = colour("soft");
  Chart.defaults.borderColor = colour("line");
  Chart.defaults.font.family = "system-ui, sans-serif";
  const canvas = document.getElementById(id);
  const options = {maintainAspectRatio: false, animation: false, ...config.options};
  charts.set(id, new Chart(canvas, {...config, options}));
}
function height(id, rows) { document.getElementById(id).parentElement.style.height = rows + "px"; }

// A dot a run, beside each other where they are alike, and a bar for the mean.
function drawRuns(policies, metric) {
  const dots = [], means = [];
  policies.forEach((policy, row) => {
    const entry = policy.metrics[metric.name];
    if (!entry) return;
    entry.values.forEach((value, i) => dots.push({
      x: value, y: row + ((i + 1) / (entry.values.length + 1) - 0.5) * 0.5, seed: policy.seeds[i], row}));
    means.push({x: entry.mean, y: row, row});
  });
  height("runs", 70 + 44 * policies.length);
  draw("runs", {
    type: "scatter",
    data: {datasets: [
      {label: "a run", data: dots, backgroundColor: dots.map(dot => hue(dot.row)), radius: 4, hoverRadius: 6},
      {label: "mean", data: means, pointStyle: "line", rotation: 90, radius: 14, borderWidth: 2,
        borderColor: means.map(dot => hue(dot.row))}]},
    options: {
      scales: {
        x: {ticks: {callback: value => formatted(value, metric.unit), maxTicksLimit: 8}, grace: "8%"},
        y: {min: -0.6, max: policies.length - 0.4, reverse: true, grid: {display: false},
          ticks: {stepSize: 1, autoSkip: false, callback: value => policies[value]?.name ?? ""},
          afterBuildTicks: axis => { axis.ticks = policies.map((_, value) => ({value})); }}},
      plugins: {legend: {display: false}, tooltip: {callbacks: {label: item => {
        const dot = item.raw;
        return policies[dot.row].name + (dot.seed === undefined ? ", mean: " : ", seed " + dot.seed + ": ") +
            formatted(dot.x, metric.unit);
      }}}}}});
}

// Bars from one end of the interval to the other, and what lies in the middle.
function drawDifferences(policies, metric) {
  const rows = policies.slice(1).filter(policy => policy.metrics[metric.name]?.percent !== undefined);
  height("differences", 60 + 34 * Math.max(rows.length, 1));
  const entries = rows.map(policy => policy.metrics[metric.name]);
  const good = entry => {
    if (!metric.better || Math.abs(entry.percent) <= (entry.percent_half ?? 0)) return colour("soft");
    return (entry.percent < 0) === (metric.better === "lower") ? colour("good") : colour("bad");
  };
  draw("differences", {
    type: "bar",
    data: {labels: rows.map(policy => policy.name), datasets: [
      {label: "95 % confidence interval", barPercentage: 0.35, minBarLength: 3, backgroundColor: entries.map(good),
        data: entries.map(entry => [entry.percent - (entry.percent_half ?? 0), entry.percent + (entry.percent_half ?? 0)])},
      {label: "mean", type: "line", showLine: false, pointRadius: 5, backgroundColor: colour("text"),
        data: entries.map(entry => entry.percent)}]},
    options: {indexAxis: "y", scales: {x: {ticks: {callback: percent}, suggestedMin: -1, suggestedMax: 1}, y: {grid: {display: false}}},
      plugins: {legend: {display: false}, tooltip: {callbacks: {label: item => {
        const entry = entries[item.dataIndex];
        return percent(entry.percent) + (entry.percent_half === undefined ? "" : " ± " + entry.percent_half.toFixed(1));
      }}}}}});
}

const short = name => name.replace(/_ns$/, "").replace(/^slowdown_/, "slow: ").replaceAll("_", " ");

function drawCauses(policies, causes) {
  const rank = cause => cause.name === "work_ns" ? 0 : cause.where === "cpu" ? 1 : 2;
  const shown = causes.filter(cause => cause.where !== "blocked" && policies.some(policy => policy.time[cause.name] > 0))
      .sort((a, b) => rank(a) - rank(b));
  height("causes", 110 + 44 * policies.length);
  draw("causes", {
    type: "bar",
    data: {labels: policies.map(policy => policy.name), datasets: shown.map((cause, i) => ({
      label: short(cause.name), backgroundColor: hue(i), data: policies.map(policy => policy.time[cause.name] ?? 0)}))},
    options: {indexAxis: "y",
      scales: {x: {stacked: true, ticks: {callback: value => formatted(value, "ns")}}, y: {stacked: true, grid: {display: false}}},
      plugins: {tooltip: {callbacks: {
        label: item => item.dataset.label + ": " + formatted(item.raw, "ns"),
        footer: items => items.length ? shown[items[0].datasetIndex].help : ""}}}}});
}

function drawCpus(policy) {
  const total = Object.values(policy.cpu_time).reduce((sum, time) => sum + time, 0) / Math.max(policy.cpus.length, 1);
  const share = time => total > 0 ? 100 * time / total : 0;
  const parts = [
    ["tasks", cpu => cpu[0] - cpu[1] - cpu[2]], ["overhead", cpu => cpu[1]], ["interrupts", cpu => cpu[2]]];
  draw("cpus", {
    type: "bar",
    data: {labels: policy.cpus.map((_, cpu) => cpu), datasets: parts.map(([label, time], i) => ({
      label, backgroundColor: hue(i), data: policy.cpus.map(cpu => share(time(cpu))), categoryPercentage: 0.95, barPercentage: 0.95}))},
    options: {scales: {x: {stacked: true, title: {display: true, text: "CPU"}, grid: {display: false}},
      y: {stacked: true, min: 0, max: 100, ticks: {callback: value => value + " %"}}},
      plugins: {tooltip: {callbacks: {label: item => item.dataset.label + ": " + item.raw.toFixed(1) + " %"}}}}});
}
