// A router with MLflow's routes; for the tests of this folder.
#pragma once

#include "api/http/routes_test.h"
#include "api/mlflow/mlflow_routes.h"
#include "base/text.h"

namespace lazurite::mlflow {

class MlflowTest : public RoutesTest {
 protected:
  void AddRoutes(Router& router, const ApiContext& context) override {
    AddMlflowRoutes(router, context);
  }
  // The JSON of an answer that must have status 200.
  Json Ok(const std::string& method, const std::string& route, const std::string& body = "",
          const Sent& sent = {}) {
    const Answer answer = Ask(method, "/api/2.0/mlflow" + route, body, sent);
    EXPECT_EQ(answer.status, 200) << method << " " << route << " " << body << "\n" << answer.text;
    return answer.json;
  }
  // The error of an answer as "400 INVALID_PARAMETER_VALUE: sentence".
  std::string Refused(const std::string& method, const std::string& route,
                      const std::string& body = "", const Sent& sent = {}) {
    const Answer answer = Ask(method, "/api/2.0/mlflow" + route, body, sent);
    return std::to_string(answer.status) + " " + answer.json.GetString("error_code") + ": " +
           answer.json.GetString("message");
  }
  std::string MakeRun(const std::string& body = "{}", const Sent& sent = {}) {
    const Json made = Ok("POST", "/runs/create", body, sent);
    return TextAt(made, "run.info.run_id");
  }
};

}  // namespace lazurite::mlflow
