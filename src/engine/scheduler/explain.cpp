// Why jobs wait, in sentences.
#include <algorithm>

#include "base/text.h"
#include "engine/scheduler/ledger.h"
#include "engine/scheduler/placement.h"

namespace lazurite::scheduler {
namespace {

// So many holders are named; the rest is counted.
constexpr size_t kNamedMax = 4;

std::string Plural(int count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// "held by job a and 2 more"
template <typename Predicate>
std::string Holders(const Cluster& cluster, Predicate is_one) {
  std::vector<std::string> names;
  for (const Held& held : cluster.running) {
    if (is_one(held)) names.push_back(held.ask.job);
  }
  if (names.empty()) return "held by nobody";
  std::string out = "held by job " + names.front();
  if (names.size() > 1) out += " and " + std::to_string(names.size() - 1) + " more";
  return out;
}

bool IsAnyone(const Held&) { return true; }

std::string AndElsewhere(const Cluster& cluster) {
  const std::string& who = cluster.machine.elsewhere;
  return who.empty() ? "" : ", and " + who;
}

// "GPU 0 held by job a, GPU 2 by process 4711 (python) of user anna"
std::string GpuHolders(const Cluster& cluster) {
  std::vector<std::string> parts;
  for (const Device& device : cluster.machine.gpus) {
    std::vector<std::string> who;
    for (const Held& held : cluster.running) {
      if (std::find(held.gpus.begin(), held.gpus.end(), device.name) == held.gpus.end()) continue;
      who.push_back("job " + held.ask.job + (held.is_ending ? ", which is ending" : ""));
    }
    if (who.empty() && !device.holder.empty()) who.push_back(device.holder);
    if (who.empty()) continue;
    parts.push_back("GPU " + device.name + (parts.empty() ? " held by " : " by ") +
                    Join(who, " and "));
  }
  if (parts.size() > kNamedMax) {
    const size_t more = parts.size() - kNamedMax;
    parts.resize(kNamedMax);
    parts.push_back(std::to_string(more) + " more");
  }
  return parts.empty() ? "" : ": " + Join(parts, ", ");
}

std::string ShortSentence(const Cluster& cluster, const Walk& walk, const Walk::Step& step) {
  const Machine& machine = cluster.machine;
  const Ledger& ledger = walk.ledger();
  if (step.shortage.gpus) {
    const std::string of = " of " + std::to_string(machine.gpus.size()) + " free";
    return "needs " + Plural(step.need.gpus, "GPU") + ", " + std::to_string(ledger.gpus_free()) +
           of + GpuHolders(cluster);
  }
  if (step.shortage.slots) {
    return "needs " + Plural(step.need.slots, "slot") + " of " + std::to_string(machine.slots) +
           ", " + std::to_string(std::max(0, ledger.slots_free())) +
           " free: " + Holders(cluster, IsAnyone) + AndElsewhere(cluster);
  }
  return "needs " + FormatBytes(step.need.memory_bytes) + " of memory, " +
         FormatBytes(std::max<int64_t>(0, ledger.memory_free())) + " of " +
         FormatBytes(machine.memory_bytes) +
         " free: " + Holders(cluster, [](const Held& held) { return held.memory_bytes > 0; }) +
         AndElsewhere(cluster);
}

std::string DriverSentence(const Cluster& cluster) {
  const Machine& machine = cluster.machine;
  std::string sentence = "waits for the driver to tell ";
  sentence += machine.is_looking ? "which GPUs this machine has" : "who uses this machine's GPUs";
  if (!machine.is_silent) return sentence;
  return sentence + ", which takes very long; see whether nvidia-smi or rocm-smi answers";
}

std::string ComputeSentence(const Cluster& cluster, const Ask& ask, bool is_off) {
  const std::string name = "compute " + std::string(ComputeName(ask.compute));
  if (is_off) {
    return name + " takes no jobs: its max_instances is 0 (lazurite compute update " +
           std::string(ComputeName(ask.compute)) + " --max-instances N)";
  }
  const int most = cluster.computes.at(ask.compute).instances_max.value_or(0);
  return name + " is full: its " + Plural(most, "instance") + (most == 1 ? " is " : " are ") +
         Holders(cluster, [&](const Held& held) { return held.ask.compute == ask.compute; });
}

std::string UserSentence(const Cluster& cluster, const Ask& ask) {
  return "user " + ask.user + " has " + Plural(cluster.running_per_user_max, "job") +
         " running already, the most that one user may have ([compute] max_running_per_user): " +
         Holders(cluster, [&](const Held& held) { return held.ask.user == ask.user; });
}

class Explainer {
 public:
  explicit Explainer(const Cluster& cluster) : cluster_(cluster), walk_(cluster) {}

  std::string Next(const Ask& ask) {
    ++seen_;
    const Walk::Step step = walk_.Next(ask);
    const bool is_head = walk_.head() == &ask;
    switch (step.answer) {
      case Walk::Answer::kPlaced:
        return "";
      case Walk::Answer::kNever:
        return "needs " + Plural(step.need.gpus, "GPU") + ", this machine has " +
               std::to_string(cluster_.machine.gpus.size());
      case Walk::Answer::kLooking:
        return is_head ? head_sentence_ = DriverSentence(cluster_) : DriverSentence(cluster_);
      case Walk::Answer::kComputeOff:
        return ComputeSentence(cluster_, ask, true);
      case Walk::Answer::kComputeFull:
        return own_[ask.compute] = ComputeSentence(cluster_, ask, false);
      case Walk::Answer::kUserFull:
        return own_[ask.user] = UserSentence(cluster_, ask);
      case Walk::Answer::kBehindOwn:
        return Behind(ask);
      case Walk::Answer::kShort:
        if (is_head) return head_sentence_ = ShortSentence(cluster_, walk_, step);
        if (step.shortage.gpus) return ShortSentence(cluster_, walk_, step);
        break;
      case Walk::Answer::kBehindHead:
        break;
    }
    return "waits behind " + Plural(static_cast<int>(seen_ - 1), "job") +
           " in the queue; the first of them, " + walk_.head()->job + ", " + head_sentence_;
  }

 private:
  std::string Behind(const Ask& ask) const {
    const auto of_compute = own_.find(ask.compute);
    const auto of_user = own_.find(ask.user);
    return "waits behind others; " + (of_compute != own_.end() ? of_compute->second
                                      : of_user != own_.end()  ? of_user->second
                                                               : std::string());
  }

  const Cluster& cluster_;
  Walk walk_;
  size_t seen_ = 0;
  std::map<std::string, std::string> own_;  // compute or user -> why the first of it waits
  std::string head_sentence_;
};

}  // namespace

std::vector<std::string> ExplainAll(const Cluster& cluster, const std::vector<Ask>& queue) {
  Explainer explainer(cluster);
  std::vector<std::string> sentences;
  for (const Ask& ask : queue) sentences.push_back(explainer.Next(ask));
  return sentences;
}

std::string Explain(const Cluster& cluster, const std::vector<Ask>& queue, size_t position) {
  Explainer explainer(cluster);
  for (size_t i = 0; i < position; ++i) explainer.Next(queue[i]);
  return explainer.Next(queue[position]);
}

}  // namespace lazurite::scheduler
