#include <iostream>
#include <variant>

#include "proxy/check.hpp"
#include "proxy/command_line.hpp"
#include "proxy/commands.hpp"
#include "proxy/explain.hpp"
#include "proxy/run.hpp"

namespace {

using namespace sipsteer;

struct Execute {
    int operator()(const RunCommand& command) const { return run_proxy(command, std::cerr); }
    int operator()(const CheckCommand& command) const { return run_check(command, std::cout); }
    int operator()(const ExplainCommand& command) const {
        return run_explain(command, std::cin, std::cout, std::cerr);
    }
    int operator()(const ConfigCommand& command) const { return run_config(command, std::cout); }
    int operator()(const ImportKamailioCommand& command) const {
        return run_import_kamailio(command, std::cout, std::cerr);
    }
    int operator()(const VersionCommand&) const { return run_version(std::cout); }
    int operator()(const UsageCommand& command) const {
        (command.status == 0 ? std::cout : std::cerr) << command.text;
        return command.status;
    }
};

}  // namespace

int main(int argc, char** argv) { return std::visit(Execute{}, parse_command_line(argc, argv)); }
