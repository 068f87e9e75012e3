#include "api/http/routes_test.h"
#include "api/live/routes.h"

namespace lazurite::live {
namespace {

class SchemaRoutesTest : public RoutesTest {
 protected:
  void AddRoutes(Router& router, const ApiContext& context) override {
    AddSchemaRoutes(router, context);
  }
};

TEST_F(SchemaRoutesTest, GiveTheSchemaOfAKindOfANounAndOfAll) {
  const Answer kind = Ask("GET", "/lazurite/v1/schemas/commandJob.json");
  EXPECT_EQ(kind.status, 200);
  EXPECT_NE(kind.json.At("properties.command"), nullptr);
  EXPECT_EQ(Ask("GET", "/lazurite/v1/schemas/commandJob.schema.json").text, kind.text);
  EXPECT_EQ(Ask("GET", "/lazurite/v1/schemas/job.json").status, 200);
  EXPECT_NE(Ask("GET", "/lazurite/v1/schemas/all.json").json.Find("allOf"), nullptr);
}

TEST_F(SchemaRoutesTest, SayWhichSchemasThereAre) {
  const Answer unknown = Ask("GET", "/lazurite/v1/schemas/floppy.json");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.text.find("commandJob"), std::string::npos) << unknown.text;
  EXPECT_EQ(Ask("GET", "/lazurite/v1/schemas/commandJob").status, 404);
}

}  // namespace
}  // namespace lazurite::live
