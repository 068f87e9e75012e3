#include "app/cli/doctor.h"

#include "app/cli/context.h"

namespace lazurite::cli {
namespace {

std::string_view GradeWord(Finding::Grade grade) {
  switch (grade) {
    case Finding::Grade::kGood:
      return "ok";
    case Finding::Grade::kNote:
      return "note";
    case Finding::Grade::kBad:
      break;
  }
  return "bad";
}

std::string Line(const Terminal& terminal, const Finding& finding) {
  const Colour colour = finding.grade == Finding::Grade::kGood   ? Colour::kGreen
                        : finding.grade == Finding::Grade::kNote ? Colour::kYellow
                                                                 : Colour::kRed;
  std::string grade(GradeWord(finding.grade));
  grade.append(6 - grade.size(), ' ');
  std::string what = finding.what;
  what.append(18 - std::min<size_t>(17, what.size()), ' ');
  std::string line = terminal.Out(grade, colour) + what + finding.found + "\n";
  if (!finding.remedy.empty()) line += std::string(24, ' ') + "-> " + finding.remedy + "\n";
  return line;
}

Status Run(Context& context) {
  ASSIGN_OR_RETURN(const Settings settings, context.LoadSettings());
  std::vector<Finding> findings = ExaminePrograms();
  for (std::vector<Finding>& part :
       std::array{ExamineMachine(), ExamineHome(settings), ExamineServer(settings)}) {
    findings.insert(findings.end(), part.begin(), part.end());
  }
  const bool is_bad = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.grade == Finding::Grade::kBad;
  });
  context.exit_code = is_bad ? 1 : 0;
  if (context.arguments.Has("--output") || context.arguments.Has("--query")) {
    Json list = Json::MakeArray();
    for (const Finding& finding : findings) {
      Json item = Json::MakeObject();
      item["grade"] = GradeWord(finding.grade);
      item["what"] = finding.what;
      item["found"] = finding.found;
      item["remedy"] = finding.remedy;
      list.Push(std::move(item));
    }
    return context.Print(list, {});
  }
  std::string out;
  for (const Finding& finding : findings) out += Line(context.terminal, finding);
  WriteOut(out);
  return {};
}

}  // namespace

extern const Command kDoctor;
const Command kDoctor = {
    .name = "doctor",
    .sentence =
        "Say what is installed, what is missing, and how to get it; exits with 1 if it matters.",
    .examples = "lazurite doctor\nlazurite doctor -o json",
    .run = Run};

}  // namespace lazurite::cli
