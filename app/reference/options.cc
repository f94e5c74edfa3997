#include "app/reference/options.h"

#include <algorithm>

namespace simsched {

std::string OptionText::shown() const {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  if (!value.empty()) text += ' ' + value;
  return text + (many ? "..." : "");
}

std::vector<OptionText> options_of(const CLI::App& command) {
  std::vector<OptionText> arguments, options;
  for (const CLI::Option* option : command.get_options()) {
    OptionText text;
    text.argument = option->get_positional();
    text.required = option->get_required();
    text.many = option->get_expected_max() > 1;
    text.help = option->get_description();
    if (const std::string otherwise = option->get_default_str(); !otherwise.empty())
      text.help += " [" + otherwise + "]";
    if (text.argument) {
      text.names = {option->get_name(true)};
      arguments.push_back(std::move(text));
      continue;
    }
    for (const std::string& name : option->get_snames()) text.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) text.names.push_back("--" + name);
    // "INT:INT in [1 - 4096]"
    const std::string type = option->get_expected_max() > 0 ? option->get_type_name() : "";
    text.value = type.starts_with("INT") ? "N" : type.substr(0, type.find(':'));
    if (const size_t range = type.find('['); range != std::string::npos) text.help += ' ' + type.substr(range);
    options.push_back(std::move(text));
  }
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

std::string usage_of(const CLI::App& command) {
  std::string text = "simsched " + command.get_name() + " [OPTIONS]";
  for (const OptionText& option : options_of(command)) {
    if (!option.argument) continue;
    const std::string name = option.names.front() + (option.many ? "..." : "");
    text += option.required ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string summary_of(const CLI::App& command) { return command.get_description(); }

std::string footer_of(const CLI::App& command) {
  const std::string text = command.get_footer();
  const size_t begin = text.find_first_not_of('\n'), end = text.find_last_not_of('\n');
  return begin == std::string::npos ? "" : text.substr(begin, end + 1 - begin);
}

}  // namespace simsched
