"""The results as Markdown tables."""

from . import samples as of

TITLES = {
    "calls": "Calls: INVITE, 100, 180, 200, ACK, BYE, 200",
    "one-way": "One-way: INVITE alone",
    "transfers": "Transfers: a call, INVITE with Replaces to its owner, BYE of both",
}


def title(mode, about):
    if mode in TITLES:
        return f"{TITLES[mode]}; {about.get('in_flight', 64)} at a time, closed loop"
    rate = int(mode.removeprefix("rate-"))
    return f"Fixed rate: {rate} calls/s, {rate * 7} messages/s, open loop"


def ratio(value, base):
    return f"{value / base:.2f}" if base and value is not None else "-"


def table(samples, mode, labels):
    """One line for each target, with medians; R and KT are ratios to the relay and to the tuned Kamailio."""
    relay = samples.median("relay", mode, of.cpu)
    tuned = samples.median("kamailio", mode, of.cpu)
    stateful = samples.median("kamailio-sf", mode, of.per_call)
    columns = ["target", "CPU us/msg", "user", "system", "us/call", "/R", "/KT", "us/call /SF", "lost"]
    if mode.startswith("rate-"):
        columns += ["one-way p50 us", "p99 us"]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for name, label in labels.items():
        if not samples.of(name, mode):
            continue
        def median(look):
            return samples.median(name, mode, look)
        cells = [label, f"{median(of.cpu):.2f}", f"{median(of.user):.2f}", f"{median(of.system):.2f}",
                 f"{median(of.per_call):.1f}", ratio(median(of.cpu), relay), ratio(median(of.cpu), tuned),
                 ratio(median(of.per_call), stateful),
                 str(sum(sample["lost_calls"] for sample in samples.of(name, mode)))]
        if mode.startswith("rate-"):
            for share in ("p50", "p99"):
                cells.append(f"{median(lambda sample: sample['latency_us']['one_way'][share]):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def load_table(samples, modes, labels):
    """One line for each rate: CPU time and latency of each target."""
    names = [name for name in labels if samples.of(name, modes[0])]
    columns = ["messages/s"] + [f"{name} {what}" for name in names for what in ("us/msg", "p50 us", "p99 us")]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for mode in modes:
        cells = [str(int(mode[5:]) * 7)]
        for name in names:
            cells.append(f"{samples.median(name, mode, of.cpu):.2f}")
            for share in ("p50", "p99"):
                cells.append(f"{samples.median(name, mode, lambda sample: sample['latency_us']['one_way'][share]):.0f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(samples):
    """All tables, with what they were measured on and how."""
    about = samples.about
    out = [f"{about['machine']['cpu']}{' (virtual)' if about['machine']['virtual'] else ''}, "
           f"{about['machine']['kernel']}, {about['machine']['system']}; " + ", ".join(dict.fromkeys(about["versions"].values())) + f", commit {about['commit']}" +
           f". Loopback, {about['transport'].upper()}, 64 phones, 4 servers. CPU time of the forwarder, all its processes, for each message it "
           f"forwarded (user and system from /proc); medians of {min(samples.rounds(mode) for mode in samples.modes())} "
           f"rounds, all targets interleaved in each. R: bare relay, KT: Kamailio tuned, SF: Kamailio stateful, tuned." +
           (" Each has half a core, the generator a whole one." if about.get("saturated") else "")]
    rates = [mode for mode in samples.modes() if mode.startswith("rate-")]
    for mode in samples.modes():
        if mode not in rates or len(rates) == 1:
            out += [f"**{title(mode, about)}**", table(samples, mode, about["labels"])]
    if len(rates) > 1:
        out += ["**Open loop: 7 messages a call, one-way latency**", load_table(samples, rates, about["labels"])]
    return "\n\n".join(out) + "\n"
