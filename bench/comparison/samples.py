"""Results of all rounds: kept in a JSON file, looked at as medians."""

import json
import statistics


class Samples:
    """`about`: machine, versions and commands. Each sample is the generator's result with target, mode and round."""

    def __init__(self, about):
        self.about, self.samples = about, []

    @classmethod
    def load(cls, path):
        content = json.loads(path.read_text())
        found = cls(content["about"])
        found.samples = content["samples"]
        return found

    def save(self, path):
        lines = ",\n".join(json.dumps(sample) for sample in self.samples)
        path.write_text(f'{{"about": {json.dumps(self.about, indent=1)},\n"samples": [\n{lines}\n]}}\n')

    def add(self, target, mode, result):
        self.samples.append({**result, "target": target, "mode": mode})

    def of(self, target, mode):
        return [sample for sample in self.samples if (sample["target"], sample["mode"]) == (target, mode)]

    def median(self, target, mode, look):
        """Median of look(sample) over all rounds; None without any."""
        found = [look(sample) for sample in self.of(target, mode)]
        return statistics.median(found) if found else None

    def rounds(self, mode):
        counts = {}
        for sample in self.samples:
            if sample["mode"] == mode:
                counts[sample["target"]] = counts.get(sample["target"], 0) + 1
        return min(counts.values(), default=0)

    def modes(self):
        return list(dict.fromkeys(sample["mode"] for sample in self.samples))


def cpu(sample):
    return sample["target_cpu"]["us_per_message"]


def user(sample):
    return sample["target_cpu"]["user_us_per_message"]


def system(sample):
    return sample["target_cpu"]["system_us_per_message"]


def per_call(sample):
    """CPU time for a whole call, or a whole transfer."""
    done = sample["transfers"] if sample["mode"] == "transfers" else sample["calls"]["completed"]
    total = sample["target_cpu"]["user_seconds"] + sample["target_cpu"]["system_seconds"]
    return total * 1e6 / done if done else 0
