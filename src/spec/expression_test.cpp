#include "spec/expression.h"

#include <gtest/gtest.h>

namespace lazurite::spec {
namespace {

const ExpressionValues kInputs = {{"lr", "0.1"}, {"data", "/in/data"}, {"empty", ""}};
const ExpressionValues kOutputs = {{"model", "/out/model"}};

std::string Expand(std::string_view command) {
  const auto result = ExpandCommand(command, kInputs, kOutputs, {{"depth", "3"}});
  return result.ok() ? *result : "ERROR: " + result.status().text();
}

TEST(Expression, PutsValuesAsPlainText) {
  EXPECT_EQ(Expand("train --lr ${{inputs.lr}} ${{ inputs.data }}/x > ${{outputs.model}}/m"),
            "train --lr 0.1 /in/data/x > /out/model/m");
  EXPECT_EQ(Expand("d=${{search_space.depth}}"), "d=3");
  EXPECT_EQ(Expand("a${{inputs.empty}}b"), "ab");
  EXPECT_EQ(Expand(""), "");
}

TEST(Expression, LeavesTheShellsOwnBracketsAlone) {
  EXPECT_EQ(Expand("[[ -f $A ]] && echo ${B} $((1+1)) ${{inputs.lr}} }} ]]"),
            "[[ -f $A ]] && echo ${B} $((1+1)) 0.1 }} ]]");
}

TEST(Expression, DropsAnOptionalPartWithoutAValue) {
  EXPECT_EQ(Expand("run $[[--a ${{inputs.nothing}}]] $[[--lr ${{inputs.lr}}]] end"),
            "run  --lr 0.1 end");
  EXPECT_EQ(Expand("run $[[--a ${{inputs.lr}} --b ${{inputs.nothing}}]]."), "run .");
  EXPECT_EQ(Expand("$[[always]]"), "always");
}

TEST(Expression, RefusesNamesThatAreNotThere) {
  EXPECT_EQ(Expand("${{inputs.l}}"),
            "ERROR: \"${{inputs.l}}\" in the command names none of the job's inputs; known: "
            "\"data\", \"empty\" or \"lr\"");
  EXPECT_NE(Expand("${{outputs.x}}").find("outputs"), std::string::npos);
  EXPECT_NE(Expand("$[[${{outputs.x}}]]").find("ERROR"), std::string::npos);
  EXPECT_NE(Expand("${{parent.inputs.x}}").find("means nothing here"), std::string::npos);
  EXPECT_NE(Expand("${{}}").find("ERROR"), std::string::npos);
}

TEST(Expression, RefusesUnbalancedBrackets) {
  EXPECT_EQ(Expand("echo ${{inputs.lr"),
            "ERROR: \"${{\" is never closed by \"}}\" in the command, at byte 5");
  EXPECT_NE(Expand("${{inputs.lr ${{inputs.lr}}").find("at byte 0"), std::string::npos);
  EXPECT_NE(Expand("a $[[b").find("\"$[[\" is never closed"), std::string::npos);
  EXPECT_NE(Expand("$[[a $[[b]]").find("inside another"), std::string::npos);
}

TEST(Expression, TellsWhereEachStands) {
  const Expressions found = FindExpressions("a ${{inputs.x}} $[[ ${{ outputs.y.z }} ]] ${{name}}");
  ASSERT_EQ(found.found.size(), 3U);
  EXPECT_EQ(found.found[0].offset, 2U);
  EXPECT_EQ(found.found[0].length, 13U);
  EXPECT_FALSE(found.found[0].is_optional);
  EXPECT_EQ(found.found[1].context, "outputs");
  EXPECT_EQ(found.found[1].name, "y.z");
  EXPECT_TRUE(found.found[1].is_optional);
  EXPECT_EQ(found.found[2].context, "name");
  EXPECT_EQ(found.found[2].name, "");
  EXPECT_FALSE(found.found[2].is_optional);
}

TEST(Expression, FindsSecretsInPlainText) {
  const std::string text = "a ${{secrets.ONE}} $[[ ${{ secrets.TWO }}${{inputs.x}} ${{ open";
  EXPECT_EQ(SecretsIn(text), (std::vector<std::string>{"ONE", "TWO"}));
  EXPECT_EQ(ExpandSecrets(text, {{"ONE", "1"}, {"TWO", "${{secrets.ONE}}"}}),
            "a 1 $[[ ${{secrets.ONE}}${{inputs.x}} ${{ open");
  EXPECT_TRUE(SecretsIn("${{secrets}} ${secrets.A} {{secrets.A}} ${{secret.A}}").empty());
  EXPECT_EQ(SecretsIn("${{ ${{secrets.A}}"), std::vector<std::string>{"A"});
}

TEST(Expression, RefusesSecretsInTheCommand) {
  EXPECT_NE(Expand("login ${{secrets.A}}").find("environment_variables"), std::string::npos);
}

}  // namespace
}  // namespace lazurite::spec
