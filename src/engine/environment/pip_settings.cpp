#include "engine/environment/pip_settings.h"

#include "base/file.h"
#include "base/text.h"
#include "domain/environment/requirement.h"

namespace lazurite::environment {
namespace {

std::string Get(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

// Adds the options of one pip.conf; of a list over several lines the parts are joined by blanks.
void ReadPipFile(std::string_view text, Variables* options) {
  bool is_ours = false;
  std::string key;
  for (const std::string_view line : Split(text, '\n')) {
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty() || trimmed.starts_with('#') || trimmed.starts_with(';')) continue;
    if (trimmed.starts_with('[')) {
      is_ours = trimmed == "[global]" || trimmed == "[install]";
      key.clear();
    } else if (is_ours && (line.front() == ' ' || line.front() == '\t') && !key.empty()) {
      std::string& value = (*options)[key];
      value += (value.empty() ? "" : " ") + std::string(trimmed);
    } else if (is_ours) {
      const size_t at = trimmed.find_first_of("=:");
      if (at == std::string_view::npos) continue;
      key = ReplaceAll(Lower(Trim(trimmed.substr(0, at))), "_", "-");
      (*options)[key] = Trim(trimmed.substr(at + 1));
    }
  }
}

// pip's options: its files, the later one winning, then its variables.
Variables PipOptions(const Variables& variables, const FileReader& read) {
  Variables options;
  const std::string home = Get(variables, "HOME");
  std::string config = Get(variables, "XDG_CONFIG_HOME");
  if (config.empty()) config = JoinPath(home, ".config");
  const std::string named = Get(variables, "PIP_CONFIG_FILE");
  std::vector<std::string> files = {"/etc/xdg/pip/pip.conf", "/etc/pip.conf",
                                    JoinPath(home, ".pip/pip.conf"),
                                    JoinPath(config, "pip/pip.conf"), named};
  if (named == "/dev/null") files.clear();
  for (const std::string& file : files) {
    const std::optional<std::string> text = file.empty() ? std::nullopt : read(file);
    if (text.has_value()) ReadPipFile(*text, &options);
  }
  for (const auto& [name, value] : variables) {
    if (!name.starts_with("PIP_") || value.empty()) continue;
    options[ReplaceAll(Lower(name.substr(4)), "_", "-")] = value;
  }
  if (options.contains("default-timeout")) options["timeout"] = options["default-timeout"];
  return options;
}

// Blank-separated places without folders that do not exist, which uv takes for an error.
std::string FindLinks(const std::string& value) {
  std::vector<std::string> kept;
  for (const std::string_view place : Split(value, ' ')) {
    const std::string text(Trim(place));
    if (!text.empty() && (text.find("://") != std::string::npos || IsDir(text)))
      kept.push_back(text);
  }
  return Join(kept, ",");
}

// An index by itself, without its password and its slash at the end.
std::string PlainIndex(std::string_view url) {
  std::string text = RedactCredentials(url);
  while (text.ends_with('/')) text.pop_back();
  return text;
}

bool IsPypi(std::string_view url) {
  return url == "https://pypi.org/simple" || url == "https://pypi.python.org/simple";
}

}  // namespace

Variables WithIndexes(Variables variables, const EnvironmentSettings& settings) {
  if (!settings.index_url.empty()) {
    variables.erase("UV_INDEX_URL");
    variables["UV_DEFAULT_INDEX"] = settings.index_url;
    variables["PIP_INDEX_URL"] = settings.index_url;
  }
  if (!settings.extra_index_urls.empty()) {
    variables.erase("UV_EXTRA_INDEX_URL");
    variables["UV_INDEX"] = Join(settings.extra_index_urls, " ");
    variables["PIP_EXTRA_INDEX_URL"] = Join(settings.extra_index_urls, " ");
  }
  return variables;
}

std::vector<std::string> IndexesOf(const Variables& uv) {
  std::vector<std::string> out;
  for (const char* name : {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}) {
    const std::string index = PlainIndex(Get(uv, name));
    if (index.empty()) continue;
    if (!IsPypi(index)) out.push_back(index);
    break;
  }
  for (const char* name : {"UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"}) {
    const std::string places = ReplaceAll(Get(uv, name), ",", " ");
    for (const std::string_view part : Split(places, ' ')) {
      if (!Trim(part).empty()) out.push_back(PlainIndex(Trim(part)));
    }
  }
  if (!Get(uv, "UV_NO_INDEX").empty()) out.emplace_back("no index");
  return out;
}

Variables UvVariables(const Variables& variables, const FileReader& read) {
  Variables out = variables;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON",
                           "UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON"}) {
    out.erase(name);
  }
  const Variables pip = PipOptions(variables, read);
  const auto give = [&](const char* name, const std::string& value) {
    if (!value.empty()) out.emplace(name, value);
  };
  if (!out.contains("UV_INDEX_URL")) give("UV_DEFAULT_INDEX", Get(pip, "index-url"));
  if (!out.contains("UV_EXTRA_INDEX_URL") && !out.contains("UV_INDEX")) {
    give("UV_INDEX", Get(pip, "extra-index-url"));
  }
  give("UV_FIND_LINKS", FindLinks(Get(pip, "find-links")));
  give("UV_INSECURE_HOST", Get(pip, "trusted-host"));
  give("UV_HTTP_TIMEOUT", Get(pip, "timeout"));
  give("SSL_CERT_FILE", Get(pip, "cert"));
  // Python's own word for it.
  give("SSL_CERT_FILE", Get(variables, "REQUESTS_CA_BUNDLE"));
  const std::string no_index = Lower(Get(pip, "no-index"));
  if (no_index == "1" || no_index == "true" || no_index == "yes" || no_index == "on") {
    give("UV_NO_INDEX", "1");
  }
  // As pip does: the best version of all indexes.
  give("UV_INDEX_STRATEGY", "unsafe-best-match");
  give("UV_LINK_MODE", "hardlink");
  out["UV_PYTHON_DOWNLOADS"] = "never";
  out["UV_NO_PROGRESS"] = "1";
  out["NO_COLOR"] = "1";
  return out;
}

}  // namespace lazurite::environment
