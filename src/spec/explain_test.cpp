#include "spec/explain.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "spec/field.h"

namespace lazurite::spec {
namespace {

std::string Text(std::string_view path) {
  const auto text = Explain(path);
  EXPECT_TRUE(text.ok()) << path << ": " << text.status().text();
  return text.ok() ? *text : "";
}

TEST(Explain, TellsOneFieldWhole) {
  const std::string text = Text("job.resources.instance_count");
  EXPECT_TRUE(
      text.starts_with("job.resources.instance_count\n  whole number 1..1024, default 1\n"));
  EXPECT_NE(text.find("How many instances"), std::string::npos);
  EXPECT_NE(text.find("REST: properties.resources.instanceCount"), std::string::npos);
}

TEST(Explain, ListsTheFieldsBelow) {
  EXPECT_NE(Text("job.resources").find("  shm_size (text, default 2g)\n"), std::string::npos);
  EXPECT_NE(Text("job").find("  command (text, required)\n"), std::string::npos);
  EXPECT_EQ(Text("job").find("resources.shm_size"), std::string::npos);
  EXPECT_NE(Text("").find("  data: data assets\n"), std::string::npos);
  EXPECT_NE(Text("compute").find("lazurite explain computeInstance"), std::string::npos);
}

TEST(Explain, LooksThroughTheKeysOfMaps) {
  const std::string text = Text("job.inputs.*.mode");
  EXPECT_NE(text.find("one of ro_mount, download, direct, eval_mount, eval_download"),
            std::string::npos);
  EXPECT_EQ(Text("job.inputs.training_data.mode"), text);
  EXPECT_EQ(Text("job.inputs.mode"), text);
  EXPECT_EQ(Text("job.inputs.training_data"), Text("job.inputs"));
}

TEST(Explain, FindsFieldsOfANounsOtherKinds) {
  EXPECT_NE(Text("compute.setup_scripts").find("Scripts run"), std::string::npos);
  EXPECT_NE(Text("datastore.file_share_name").find("File share"), std::string::npos);
}

TEST(Explain, OffersTheNearestName) {
  EXPECT_EQ(Explain("job.resorces").status().text(),
            "no field \"resorces\" in job; did you mean \"resources\"?");
  EXPECT_EQ(Explain("jobb").status().text(),
            "no documents are called \"jobb\"; did you mean \"job\"?");
  EXPECT_EQ(Explain("pipelineJob").status().code(), Code::kNotFound);
  EXPECT_FALSE(Explain("job.").ok());
  EXPECT_FALSE(Explain("job..command").ok());
  EXPECT_FALSE(Explain("job.*").ok());
}

TEST(Explain, KnowsEveryRowOfTheTable) {
  for (const Kind& kind : Kinds()) {
    for (const Field& field : kind.fields) {
      const std::string path = std::string(kind.name) + "." + std::string(field.path);
      const std::string text = Text(path);
      EXPECT_NE(text.find(field.sentence.substr(0, 20)), std::string::npos) << path;
      for (const std::string_view line : Split(text, '\n')) EXPECT_LE(line.size(), 110U) << path;
    }
  }
}

TEST(Fields, AreWellFormed) {
  for (const Kind& kind : Kinds()) {
    for (const Field& field : kind.fields) {
      EXPECT_FALSE(field.sentence.empty()) << field.path;
      EXPECT_EQ(FindField(kind.name, field.path), &field) << field.path << " stands twice";
      const size_t dot = field.path.rfind('.');
      if (dot == std::string_view::npos) continue;
      std::string parent(field.path.substr(0, dot));
      if (parent.ends_with(".*")) parent.resize(parent.size() - 2);
      EXPECT_NE(FindField(kind.name, parent), nullptr) << field.path << " has no parent";
      const bool is_enum = field.plain_type().starts_with("enum:");
      EXPECT_EQ(is_enum, !EnumWords(field.type).empty()) << field.path;
    }
  }
}

TEST(JsonSchema, DescribesAKindForEditors) {
  const auto schema = JsonSchema("job");
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->GetString("$schema"), "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(schema->At("required")->Dump(), R"(["command","environment"])");
  EXPECT_EQ(schema->At("additionalProperties")->Dump(), "false");
  EXPECT_EQ(schema->At("properties.resources.properties.instance_count")->Dump(),
            R"({"type":["integer","null"],"minimum":1,"maximum":1024,)"
            R"("description":"How many instances (nodes) the job runs on at the same time.",)"
            R"("default":1})");
  EXPECT_EQ(schema->At("properties.environment_variables.additionalProperties.type")->Dump(),
            R"(["string","number","boolean","null"])");
  EXPECT_FALSE(JsonSchema("nothing").ok());
  EXPECT_FALSE(JsonSchema("pipelineJob").ok());
  for (const Kind& kind : Kinds()) {
    EXPECT_EQ(JsonSchema(kind.name).ok(), !kind.fields.empty()) << kind.name;
  }
}

}  // namespace
}  // namespace lazurite::spec
