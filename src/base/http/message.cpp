#include "base/http/message.h"

#include "base/text.h"

namespace lazurite {
namespace {

std::string_view Lookup(const std::map<std::string, std::string, std::less<>>& map,
                        std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

std::string_view Headers::Get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (EqualNoCase(field, name)) return value;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const auto& field) { return EqualNoCase(field.first, name); });
}

void Headers::Set(std::string_view name, std::string value) {
  std::erase_if(fields_, [name](const auto& field) { return EqualNoCase(field.first, name); });
  fields_.emplace_back(name, std::move(value));
}

std::string_view Request::Param(std::string_view name) const { return Lookup(params, name); }
std::string_view Request::Query(std::string_view name) const { return Lookup(query, name); }

std::string Request::BaseUrl() const {
  const std::string_view host = headers.Get("Host");
  return (is_tls ? "https://" : "http://") + std::string(host.empty() ? "localhost" : host);
}

Task<Result<size_t>> BodyReader::ReadInto(char* into, size_t count) {
  if (rest_.empty()) {
    CO_ASSIGN_OR_RETURN(rest_, co_await ReadSome());
  }
  const size_t taken = rest_.copy(into, count);
  rest_.erase(0, taken);
  co_return taken;
}

Task<Result<std::string>> Request::ReadAll(size_t bytes_max) {
  std::string all;
  const Status too_large(Code::kResourceExhausted, "the request's body is larger than " +
                                                       std::to_string(bytes_max) + " bytes");
  const auto announced = ParseInt(headers.Get("Content-Length"));
  if (announced && *announced > 0) {
    if (static_cast<size_t>(*announced) > bytes_max) co_return too_large;
  }
  while (body != nullptr) {
    CO_ASSIGN_OR_RETURN(std::string piece, co_await body->ReadSome());
    if (piece.empty()) break;
    if (piece.size() > bytes_max - all.size()) co_return too_large;
    if (all.empty()) {
      all = std::move(piece);
    } else {
      all += piece;
    }
  }
  co_return all;
}

Task<Result<Json>> Request::ReadJson(size_t bytes_max) {
  CO_ASSIGN_OR_RETURN(const std::string text, co_await ReadAll(bytes_max));
  if (Trim(text).empty()) co_return Json::MakeObject();
  auto json = Json::Parse(text);
  if (!json.ok()) co_return json.status().With("the request's body");
  co_return json;
}

Response Response::Text(int status, std::string text, std::string type) {
  Response response{status, {}, std::move(text)};
  response.headers.Add("Content-Type", std::move(type));
  return response;
}

Response Response::OfJson(int status, const Json& json) {
  return Text(status, json.Dump(), "application/json; charset=utf-8");
}

}  // namespace lazurite
