# SPDX-License-Identifier: Apache-2.0
"""What was measured, as lines while it comes, as Markdown, and as plots. The prose of docs/performance.md is written by
hand; text between <!-- begin NAME --> and <!-- end NAME --> is written here."""
import math
import os
import re

import cases as suite
import plot


def line(record):
    kind = record["kind"]
    if kind == "machine":
        return f"{record['cpu']['model']}, {record['cpu']['isa']}, {record['threads']} threads: " + limits(record)
    if kind == "failure":
        return f"{record['name']:44} {record['threads']}  {record['why']}"
    if kind == "load":
        return f"{record['name']:44} {record['threads']}  load " + times(record["ms"], "ms") + "  added " + times(
            {label: size / record["file"] for label, size in record["added"].items()}, "× file")
    if kind == "self":
        return f"{record['name']:44} 1  accelerated, standard, reference: " + ", ".join(f"{us:.1f}" for us in record["us"]) + " us"
    words = f"{record['name']:44} {record['threads']}  {times(record['us'], 'us')}"
    if "ratio" in record:
        words += f"  ×{record['ratio']:.2f} [{record['quartiles'][0]:.2f}, {record['quartiles'][1]:.2f}]"
    if record.get("limit_us"):
        words += f"  {share(record):.0f} % of the limit"
    if (record.get("difference") or 0) > 0.02:
        words += f"  outputs differ by {record['difference']:.2g}"
    return words


def times(values, unit):
    return " ".join(f"{label} {value:.{1 if value < 100 else 0}f}" for label, value in values.items()) + " " + unit


def limits(record):
    return ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in record["limits"].items()) + " (10⁹/s)"


def share(row):
    return 100 * row["limit_us"] / row["us"]["Mica"]


def mean(values):
    values = [value for value in values if value and value > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def best_peer(row):
    peers = {label: us for label, us in row["us"].items() if label not in ("Mica", "ExecuTorch")}
    return min(peers.items(), key=lambda item: item[1]) if peers else None


def table(head, rows, align=None):
    align = align or ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in [head, align, *rows])


def show(value, digits=2, unit=""):
    return "–" if value is None else f"{value:.{digits}f}{unit}"


class Results:
    def __init__(self, records):
        self.machines = [record for record in records if record["kind"] == "machine"]
        self.failures = [record for record in records if record["kind"] == "failure"]
        self.loads = [record for record in records if record["kind"] == "load"]
        self.growth = [record for record in records if record["kind"] == "growth"]
        self.itself = [record for record in records if record["kind"] == "self"]
        self.rows = [record for record in records if record["kind"] == "row"]
        self.threads = sorted({row["threads"] for row in self.rows})
        self.at = {(row["class"], row["name"], row["threads"]): row for row in self.rows}

    def of(self, group, threads):
        return [row for row in self.rows if row["class"] == group and row["threads"] == threads]

    def groups(self):
        return [group for group in suite.CLASSES if any(row["class"] == group for row in self.rows)]

    def scaling(self, row):
        alone = self.at.get((row["class"], row["name"], 1))
        return alone["us"]["Mica"] / row["us"]["Mica"] if alone and row["threads"] > 1 else None

    # ---- sections ----

    def machine(self):
        if not self.machines:
            return ""
        cpu = self.machines[0]["cpu"]
        names = list(self.machines[0]["limits"])
        rows = [[f"{machine['threads']}"] + [f"{machine['limits'][name] / 1e9:.0f}" for name in names] for machine in self.machines]
        return (f"{cpu['model']}, {cpu['architecture']} ({cpu['features']}), L1 {cpu['l1'] >> 10} KB, L2 {cpu['l2'] >> 10} KB, "
                f"L3 {cpu['l3'] >> 20} MB.\n\n" + table(["threads"] + [f"{name}, {'GB/s' if name[0] in 'LD' else 'Gop/s'}" for name in names], rows))

    def classes(self):
        head = ["class", "rows", "asked"]
        for threads in self.threads:
            head += [f"Mica, {threads} thread{'s' * (threads > 1)}", "slowest row"]
        head += ["best other peer", "of the limit", "ExecuTorch, of the limit"]
        rows = []
        for group in self.groups():
            title, target = suite.CLASSES[group]
            cells = [title, len(self.of(group, self.threads[0])), show(target, 2)]
            for threads in self.threads:
                ratios = [row.get("ratio") for row in self.of(group, threads)]
                ratio = mean(ratios)
                mark = "" if ratio is None or target is None else " ✓" if ratio >= target else " ✗"
                cells += [show(ratio) + mark, show(min([ratio for ratio in ratios if ratio], default=None))]
            first = [row for row in self.of(group, self.threads[0]) if "ratio" in row]
            peers = [row["us"]["ExecuTorch"] / best_peer(row)[1] for row in first if best_peer(row)]
            bound = [row["limit_us"] / row["us"]["Mica"] * 100 for row in first if row.get("limit_us")]
            theirs = [row["limit_us"] / row["us"]["ExecuTorch"] * 100 for row in first if row.get("limit_us")]
            rows.append(cells + [show(mean(peers)), show(mean(bound), 0, " %"), show(mean(theirs), 0, " %")])
        return table(head, rows)

    def details(self):
        parts = []
        for group in self.groups():
            head = ["", "Mica µs", "ExecuTorch µs", "ratio", "quartiles", "best other peer µs", "of the limit"]
            more = [threads for threads in self.threads if threads > 1]
            for threads in more:
                head += [f"{threads} threads: Mica µs", "ratio", "scaling"]
            rows = []
            for row in self.of(group, self.threads[0]):
                peer = best_peer(row)
                cells = [row["name"], show(row["us"]["Mica"], 1), show(row["us"].get("ExecuTorch"), 1), show(row.get("ratio")),
                         "{:.2f}–{:.2f}".format(*row["quartiles"]) if "quartiles" in row else "–",
                         f"{peer[1]:.1f} {peer[0]}" if peer else "–", show(share(row), 0, " %") if row.get("limit_us") else "–"]
                for threads in more:
                    other = self.at.get((group, row["name"], threads))
                    cells += [show(other["us"]["Mica"], 1), show(other.get("ratio")), show(self.scaling(other))] if other else ["–"] * 3
                rows.append(cells)
            parts.append(f"### {suite.CLASSES[group][0]}\n\n" + table(head, rows))
        return "\n\n".join(parts)

    def loading(self):
        rows, ratios = [], []
        runtime = {load["threads"]: load for load in self.loads if load["name"] == suite.RUNTIME.name}
        for load in self.loads:
            ms, size, base = load["ms"], load["file"], runtime.get(load["threads"])
            if load is base:
                rows.append([load["name"], "–", load["threads"], show(ms["Mica"]), show(ms.get("ExecuTorch")), "–"] +
                            [f"{added / 1e6:.1f} MB" for added in (load["added"]["Mica"], load["added"].get("ExecuTorch", 0), load["peak"]["Mica"])])
                continue

            def times(key, label):
                return show((load[key][label] - (base[key][label] if base else 0)) / size) if label in ms else "–"
            ratio = ms["ExecuTorch"] / ms["Mica"] if "ExecuTorch" in ms else None
            ratios.append(ratio)
            rows.append([load["name"], f"{size / 1e6:.1f}", load["threads"], show(ms["Mica"]), show(ms.get("ExecuTorch")), show(ratio),
                         times("added", "Mica"), times("added", "ExecuTorch"), times("peak", "Mica")])
        return (f"Geometric mean of the ratios: {show(mean(ratios))} (asked: 3).\n\n" +
                table(["model", "MB", "threads", "Mica ms", "ExecuTorch ms", "ratio", "Mica adds, × file", "ExecuTorch adds, × file",
                       "Mica's peak, × file"], rows))

    def odd(self):
        rows = []
        for group in self.groups():
            for row in self.rows:
                word, types, shape = (row["name"].split() + ["", ""])[:3]
                if row["class"] != group or row["threads"] != 1 or shape not in ("33x129x257", "33x160x257"):
                    continue
                even = self.at.get((group, f"{word} {types} 32x128x256", 1))
                if even:
                    work = math.prod(map(int, shape.split("x"))) / (32 * 128 * 256)
                    rows.append([types, show(even["us"]["Mica"], 1), shape, show(row["us"]["Mica"], 1),
                                 show(row["us"]["Mica"] / even["us"]["Mica"] / work)])
        return table(["types", "32x128x256 µs", "odd shape", "µs", "times its share of the work (asked: ≤ 1.25)"], rows)

    def own(self):
        rows = []
        for group in suite.CLASSES:
            found = [record["us"] for record in self.itself if record["class"] == group]
            if found:
                rows.append([suite.CLASSES[group][0], len(found), show(mean([us[1] / us[0] for us in found]), 1),
                             show(mean([us[2] / us[0] for us in found]), 1)])
        return table(["class", "rows", "standard / accelerated", "reference / accelerated"], rows)

    def left_out(self):
        return "\n".join(f"* {failure['name']}, {failure['threads']} threads: {failure['why']}" for failure in self.failures) or "Nothing."

    # ---- plots ----

    def plots(self):
        rows = [(suite.CLASSES[group][0], [mean([row.get("ratio") for row in self.of(group, threads)]) for threads in self.threads],
                 suite.CLASSES[group][1]) for group in self.groups()]
        if rows and any(any(ratios) for _, ratios, _ in rows):
            yield "classes.svg", plot.bars("ExecuTorch's time over Mica's; the mark is what is asked for", rows,
                                           [f"{threads} thread{'s' * (threads > 1)}" for threads in self.threads])
        more = [threads for threads in self.threads if threads > 1]
        rows = [(suite.CLASSES[group][0], [mean([self.scaling(row) for row in self.of(group, threads)]) for threads in more], None)
                for group in self.groups()]
        if more and any(any(scaling) for _, scaling, _ in rows):
            yield "threads.svg", plot.bars("Mica's time with one thread over that with more", rows, [f"{threads} threads" for threads in more])
        loads = [load for load in self.loads if load["threads"] == self.loads[0]["threads"] and load["name"] != suite.RUNTIME.name]
        if loads:
            yield "load.svg", plot.lines("Load and first inference, one thread", "MB of the file", "ms", {
                label: [(load["file"] / 1e6, load["ms"][label]) for load in loads] for label in loads[0]["ms"]})
        for number, title in enumerate(dict.fromkeys(record["series"] for record in self.growth)):
            records = [record for record in self.growth if record["series"] == title]
            labels = list(records[0]["us"])
            series = {label: [(record["value"], record["us"][label]) for record in records] for label in labels}
            series["limit"] = [(record["value"], record["limit_us"]) for record in records]
            yield f"growth-{number}.svg", plot.lines(title, records[0]["axis"], "µs", series)

    def sections(self):
        return {"machine": self.machine(), "classes": self.classes(), "rows": self.details(), "load": self.loading(), "odd": self.odd(),
                "itself": self.own(), "left out": self.left_out()}


def text(records):
    return "\n\n".join(f"## {name}\n\n{section}" for name, section in Results(records).sections().items())


def write(records, folder):
    results = Results(records)
    path = os.path.join(folder, "performance.md")
    with open(path) as file:
        page = file.read()
    for name, section in results.sections().items():
        page = re.sub(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", lambda match: f"{match[1]}\n{section}\n\n{match[2]}", page,
                      flags=re.DOTALL)
    with open(path, "w") as file:
        file.write(page)
    os.makedirs(os.path.join(folder, "performance"), exist_ok=True)
    for name, svg in results.plots():
        with open(os.path.join(folder, "performance", name), "w") as file:
            file.write(svg)
