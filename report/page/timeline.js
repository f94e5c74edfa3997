// Who ran when on which CPU: a canvas of its own, as a run is a rectangle and there are very many.
class Timeline {
  constructor(canvas, told) {
    this.canvas = canvas;
    this.told = told;  // (name, text): what is to be shown beside it
    this.filter = "";
    canvas.addEventListener("wheel", event => { event.preventDefault(); this.zoom(event.deltaY < 0 ? 0.8 : 1.25, this.at(event)); }, {passive: false});
    canvas.addEventListener("pointerdown", event => { this.drag = event.offsetX; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { this.drag = undefined; });
    canvas.addEventListener("pointermove", event => this.moved(event));
    canvas.addEventListener("keydown", event => this.key(event));
    addEventListener("resize", () => this.draw());
  }

  show(run) {
    this.run = run;
    this.end = Math.max(run.end, 1);
    this.cpus = run.cpus.map(flat => {
      const count = flat.length / 3, start = new Float64Array(count), end = new Float64Array(count), task = new Int32Array(count);
      for (let i = 0, now = 0; i < count; ++i) {
        start[i] = now + flat[3 * i];
        now = end[i] = start[i] + flat[3 * i + 1];
        task[i] = flat[3 * i + 2];
      }
      return {start, end, task};
    });
    const names = [...new Set(run.tasks.map(([, name]) => name))];
    this.hues = run.tasks.map(([, name]) => hue(names.indexOf(name)));
    this.from = 0;
    this.to = this.end;
    this.draw();
  }

  // The first run of a CPU that ends after `time`.
  static first(cpu, time) {
    let low = 0, high = cpu.end.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cpu.end[middle] > time) high = middle; else low = middle + 1;
    }
    return low;
  }

  wanted(task) {
    if (task < 0) return this.filter === "";
    return this.run.tasks[task][1].toLowerCase().includes(this.filter);
  }

  draw() {
    if (!this.run) return;
    const scale = devicePixelRatio || 1, width = this.canvas.clientWidth;
    this.row = Math.max(4, Math.min(26, Math.floor(640 / this.cpus.length)));
    this.left = 44;
    const height = 22 + this.row * this.cpus.length;
    this.canvas.style.height = height + "px";
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.clearRect(0, 0, width, height);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.perPixel = (this.to - this.from) / Math.max(width - this.left, 1);
    this.axis(pen, width, height);
    let drawn = 0;
    this.cpus.forEach((cpu, number) => {
      const top = 22 + number * this.row;
      pen.fillStyle = colour("soft");
      if (this.row >= 10 || number % 8 === 0) pen.fillText("CPU " + number, 0, top + this.row / 2);
      let covered = -1;  // last pixel that is full: what lies in it too cannot be seen
      for (let i = Timeline.first(cpu, this.from); i < cpu.start.length && cpu.start[i] < this.to; ++i) {
        if (!this.wanted(cpu.task[i])) continue;
        const x = Math.max(this.left, this.left + (cpu.start[i] - this.from) / this.perPixel);
        const right = Math.min(width, this.left + (cpu.end[i] - this.from) / this.perPixel);
        if (right - covered < 0.5) continue;
        pen.fillStyle = cpu.task[i] < 0 ? colour("soft") : this.hues[cpu.task[i]];
        pen.fillRect(x, top + 1, Math.max(right - x, 0.75), this.row - 2);
        covered = Math.max(right, x + 0.75);
        ++drawn;
        if (right - x > 46 && this.row >= 14 && cpu.task[i] >= 0) this.name(pen, this.run.tasks[cpu.task[i]][1], x, right, top);
      }
    });
    this.canvas.dataset.drawn = drawn;
    this.told("range", formatted(this.from, "ns") + " to " + formatted(this.to, "ns") + " (" + formatted(this.to - this.from, "ns") + ")");
  }

  name(pen, text, x, right, top) {
    pen.save();
    pen.beginPath();
    pen.rect(x, top, right - x - 2, this.row);
    pen.clip();
    pen.fillStyle = "#ffffff";
    pen.fillText(text, x + 4, top + this.row / 2);
    pen.restore();
  }

  axis(pen, width, height) {
    const rough = this.perPixel * 110, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(factor => factor * power).find(value => value >= rough);
    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("soft");
    for (let time = Math.ceil(this.from / step) * step; time < this.to; time += step) {
      const x = this.left + (time - this.from) / this.perPixel;
      pen.beginPath();
      pen.moveTo(x, 16);
      pen.lineTo(x, height);
      pen.stroke();
      if (x < width - 60) pen.fillText(formatted(time, "ns"), x + 3, 9);
    }
  }

  at(event) { return this.from + (event.offsetX - this.left) * this.perPixel; }

  // Down to a microsecond across the whole width.
  zoom(factor, around = (this.from + this.to) / 2) {
    const width = Math.min(this.end, Math.max(1000, (this.to - this.from) * factor));
    const share = (around - this.from) / (this.to - this.from);
    this.move(around - share * width, width);
  }
  move(from, width = this.to - this.from) {
    this.from = Math.max(0, Math.min(from, this.end - width));
    this.to = this.from + width;
    this.draw();
  }

  moved(event) {
    if (this.drag !== undefined) {
      this.move(this.from - (event.offsetX - this.drag) * this.perPixel);
      this.drag = event.offsetX;
      return;
    }
    const number = Math.floor((event.offsetY - 22) / this.row), cpu = this.cpus[number];
    if (!cpu) return;
    const time = this.at(event), i = Timeline.first(cpu, time);
    if (i >= cpu.start.length || cpu.start[i] > time) return this.told("pointed", "CPU " + number + ": idle");
    const task = this.run.tasks[cpu.task[i]];
    this.told("pointed", "CPU " + number + ": " + (task ? task[1] + " [" + task[0] + "]" : "several short runs") + ", " +
        formatted(cpu.end[i] - cpu.start[i], "ns") + " from " + formatted(cpu.start[i], "ns"));
  }

  key(event) {
    const width = this.to - this.from;
    const actions = {
      ArrowLeft: () => this.move(this.from - width / 5), ArrowRight: () => this.move(this.from + width / 5),
      "+": () => this.zoom(0.7), "=": () => this.zoom(0.7), "-": () => this.zoom(1 / 0.7),
      0: () => this.move(0, this.end), Home: () => this.move(0), End: () => this.move(this.end)};
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }
}
