"""Pictures with matplotlib: of results and of timelines. Each draws into `ax`, or a new one, and returns it."""

import numpy

#: Colours that stay apart for most eyes (Okabe and Ito), and as greys.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"]
_OTHER = "#C8C8C8"


def _axes(ax, width=9.0, height=4.0):
    if ax is not None:
        return ax
    from matplotlib import pyplot
    figure, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
    return ax


def _tidy(ax, title="", xlabel="", ylabel="", grid="both"):
    ax.set_title(title, loc="left", fontsize=11)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if grid:
        ax.grid(True, axis=grid, linewidth=0.5, alpha=0.4)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _scale(longest_ns):
    """The unit in which so much is a number that one can read, and how many ns it has."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if longest_ns >= size:
            return unit, size
    return "ns", 1.0


def _colours(names, most=len(COLOURS) - 1):
    """The names that come first get colours of their own."""
    return {name: COLOURS[i] if i < most else _OTHER for i, name in enumerate(names)}


def metric(results, metric="makespan_ns", machine=None, ax=None):
    """A metric of each policy: the mean over the seeds with its 95 % interval, and a dot a seed."""
    frame = results.runs
    machine = machine or frame["machine"].iloc[0]
    frame = frame[frame["machine"] == machine]
    policies = list(dict.fromkeys(frame["policy"]))
    ax = _axes(ax, height=1.2 + 0.5 * len(policies))
    unit, size = _scale(frame[metric].max()) if "_ns" in metric else ("", 1.0)
    for row, policy in enumerate(policies):
        values = frame.loc[frame["policy"] == policy, metric].dropna().to_numpy(dtype=float) / size
        colour = COLOURS[row % len(COLOURS)]
        mean, half = _interval(values)
        ax.errorbar(mean, row, xerr=half, fmt="o", color=colour, capsize=5, markersize=7, linewidth=2, zorder=3)
        ax.plot(values, numpy.full(len(values), row) + 0.22, "|", color=colour, markersize=8, alpha=0.8)
    ax.set_yticks(range(len(policies)), policies)
    ax.set_ylim(len(policies) - 0.5, -0.5)
    name = metric.replace("_ns", "").replace("_", " ")
    return _tidy(ax, f"{name} on {machine}: mean and 95 % interval, a tick a seed", f"{name} ({unit})" if unit else name,
                 grid="x")


def _interval(values):
    """Mean and half width of Student's 95 % interval."""
    if len(values) < 2:
        return (float(values[0]), 0.0) if len(values) else (numpy.nan, 0.0)
    table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
             2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]
    quantile = table[min(len(values) - 1, len(table)) - 1]
    return float(values.mean()), quantile * float(values.std(ddof=1)) / len(values) ** 0.5


def causes(results, machine=None, blocked=False, ax=None):
    """Where the time of tasks went under each policy: stacked, mean over the seeds. `blocked`: also while they could not
    run."""
    frame = results.runs
    machine = machine or frame["machine"].iloc[0]
    frame = frame[frame["machine"] == machine]
    policies = list(dict.fromkeys(frame["policy"]))
    columns = [name for name in frame.columns if name.startswith("task_time_") and name != "task_time_lifetime_ns" and
               (blocked or not name.startswith("task_time_blocked"))]
    means = frame.groupby("policy")[columns].mean().loc[policies].astype(float)
    means = means[means.sum().sort_values(ascending=False).index]
    shown = [name for name in means.columns if means[name].max() > 0.002 * means.sum(axis=1).max()]
    ax = _axes(ax, height=1.6 + 0.5 * len(policies))
    unit, size = _scale(means.sum(axis=1).max())
    left = numpy.zeros(len(policies))
    for i, name in enumerate(shown):
        values = means[name].to_numpy() / size
        ax.barh(range(len(policies)), values, left=left, height=0.6, color=COLOURS[i % len(COLOURS)],
                label=name[len("task_time_"):-len("_ns")].replace("_", " "), edgecolor="white", linewidth=0.5)
        left += values
    ax.set_yticks(range(len(policies)), policies)
    ax.invert_yaxis()
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=4, frameon=False, fontsize=9)
    return _tidy(ax, f"where the time of tasks {'went' if blocked else 'that could run went'} on {machine}", f"all tasks together ({unit})", grid="x")


def tasks_activation(timeline, start_ns=0, end_ns=None, tasks=None, ax=None):
    """Who runs where: a row a CPU, a bar a run, a colour for each of the names that run the most. `tasks`: only those."""
    end_ns = timeline.end_ns if end_ns is None else end_ns
    states = timeline.df_tasks_states()
    runs = states[(states["curr_state"] == "A") & (states["time_ns"] < end_ns) &
                  (states["time_ns"] + states["delta_ns"] > start_ns)]
    if tasks is not None:
        runs = runs[runs["pid"].isin(timeline.pids(tasks))]
    most = runs.groupby("comm")["delta_ns"].sum().sort_values(ascending=False)
    colours = _colours(most.index)
    ax = _axes(ax, height=min(12.0, 1.6 + 0.42 * timeline.nr_cpus))
    unit, size = _scale(end_ns - start_ns)
    for comm, part in runs.groupby("comm"):
        for cpu, of_cpu in part.groupby("cpu"):
            begin = numpy.maximum(of_cpu["time_ns"].to_numpy(), start_ns)
            length = numpy.minimum((of_cpu["time_ns"] + of_cpu["delta_ns"]).to_numpy(), end_ns) - begin
            ax.broken_barh(list(zip(begin / size, length / size)), (cpu - 0.4, 0.8), facecolors=colours[comm],
                           linewidth=0)
    from matplotlib.patches import Patch
    named = [Patch(color=colours[comm], label=comm) for comm in most.index[:len(COLOURS) - 1]]
    if len(most) > len(named):
        named.append(Patch(color=_OTHER, label=f"{len(most) - len(named)} others"))
    ax.legend(handles=named, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    ax.set_xlim(start_ns / size, end_ns / size)
    ax.set_ylim(timeline.nr_cpus - 0.5, -0.5)
    if timeline.nr_cpus <= 32:
        ax.set_yticks(range(timeline.nr_cpus))
    return _tidy(ax, timeline.title, f"time ({unit})", "CPU", grid="x")


def latencies_cdf(timelines, task=None, ax=None):
    """How long tasks wait after a wake-up: the share of wake-ups by latency. One timeline, or several."""
    timelines = timelines if isinstance(timelines, (list, tuple)) else [timelines]
    ax = _axes(ax)
    for i, timeline in enumerate(timelines):
        waits = numpy.sort(timeline.df_latency_wakeup(task)["wakeup_latency_ns"].to_numpy()) / 1e3
        if len(waits) == 0:
            continue
        ax.step(numpy.maximum(waits, 0.1), numpy.arange(1, len(waits) + 1) / len(waits), where="post",
                color=COLOURS[i % len(COLOURS)], label=timeline.title, linewidth=1.8)
    ax.set_xscale("log")
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    if ax.lines:
        ax.legend(loc="lower right", frameon=False, fontsize=9)
    return _tidy(ax, "from a wake-up until the task runs", "latency (us)", "share of wake-ups")


def task_residency(timeline, task, ax=None):
    """How long a task has run on each CPU."""
    frame = timeline.df_task_total_residency(task)
    unit, size = _scale(frame["runtime_ns"].max())
    ax = _axes(ax, height=3.2)
    ax.bar(frame.index, frame["runtime_ns"] / size, color=COLOURS[0])
    if timeline.nr_cpus <= 32:
        ax.set_xticks(range(timeline.nr_cpus))
    return _tidy(ax, f"{task}: {timeline.title}", "CPU", f"run time ({unit})", grid="y")


def cpu_frequencies(timeline, cpus=None, ax=None):
    """Frequencies over time, a line a CPU; those that share a clock lie on each other."""
    frame = timeline.df_cpus_frequency()
    cpus = sorted(frame["cpu"].unique()) if cpus is None else cpus
    unit, size = _scale(timeline.end_ns)
    ax = _axes(ax)
    seen = {}
    for cpu in cpus:
        changes = frame[frame["cpu"] == cpu]
        times = numpy.append(changes["time_ns"].to_numpy(), timeline.end_ns) / size
        values = numpy.append(changes["frequency"].to_numpy(), changes["frequency"].iloc[-1:].to_numpy()) / 1e6
        seen.setdefault((times.tobytes(), values.tobytes()), (times, values, []))[2].append(str(cpu))
    for i, (times, values, same) in enumerate(seen.values()):
        ax.step(times, values, where="post", color=COLOURS[i % len(COLOURS)], linewidth=1.4,
                label=f"CPU {', '.join(same)}")
    if seen:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    ax.set_ylim(bottom=0)
    return _tidy(ax, timeline.title, f"time ({unit})", "frequency (GHz)")


def utilisation(timeline, bins=200, ax=None):
    """How busy CPUs are over time: a row a CPU, the darker the busier."""
    edges = numpy.linspace(0, max(1, timeline.end_ns), bins + 1)
    share = numpy.array([numpy.diff(timeline._busy_before(cpu, edges)) / numpy.diff(edges)
                         for cpu in range(timeline.nr_cpus)])
    ax = _axes(ax, height=min(10.0, 1.4 + 0.3 * timeline.nr_cpus))
    unit, size = _scale(timeline.end_ns)
    image = ax.imshow(share, aspect="auto", interpolation="nearest", cmap="cividis", vmin=0, vmax=1,
                      extent=(0, timeline.end_ns / size, timeline.nr_cpus - 0.5, -0.5))
    if timeline.nr_cpus <= 32:
        ax.set_yticks(range(timeline.nr_cpus))
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, format=lambda value, _: f"{value:.0%}")
    bar.set_label("of the time")
    mean = timeline.df_cpu_residency()["busy_ns"].sum() / max(1, timeline.end_ns) / timeline.nr_cpus
    return _tidy(ax, f"{timeline.title}: {mean:.0%} busy", f"time ({unit})", "CPU", grid=None)


def fidelity(found, ax=None):
    """What simsched.validate() found: each metric of the replays against the recordings', 1 being their median. Grey: what
    a real run may be; a line: the seeds; a dot: their median."""
    frame = found.metrics
    frame = frame[frame["tolerance"].notna() & (frame["recorded"] > 0)].reset_index(drop=True)
    colours = {"yes": COLOURS[2], "NO": COLOURS[5]}
    ax = _axes(ax, height=1.2 + 0.27 * len(frame))
    for row, metric in frame.iterrows():
        recorded = metric["recorded"]
        absolute = metric.get("tolerance_absolute") or 0
        low = min(metric["recorded_min"] * (1 - metric["tolerance"]), metric["recorded_min"] - absolute)
        high = max(metric["recorded_max"] * (1 + metric["tolerance"]), metric["recorded_max"] + absolute)
        shown = [max(value / recorded, 0.1) for value in (low, high, metric["min"], metric["max"], metric["simulated"])]
        ax.barh(row, shown[1] - shown[0], left=shown[0], color="#E4E4E4", height=0.8)
        colour = colours.get(metric["verdict"], COLOURS[1])
        ax.plot(shown[2:4], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        ax.plot(shown[4], row, "o", color=colour, markersize=6)
    ax.set_xscale("log", base=2)
    ax.set_xlim(0.1, 10)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_yticks(range(len(frame)), frame["name"])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.axvline(1, color="black", linewidth=0.8)
    return _tidy(ax, "replayed, in what was recorded; grey: could be a real run", "ratio", grid="x")
