#include "proxy/command_line.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "proxy/commands.hpp"
#include "proxy/config_loader.hpp"
#include "proxy/kamailio_import.hpp"

namespace sipsteer {
namespace {

Command parse(std::vector<const char*> words) {
    words.insert(words.begin(), "sipsteer");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

int usage_status(std::vector<const char*> words) {
    const auto command = parse(std::move(words));
    const auto* usage = std::get_if<UsageCommand>(&command);
    if (usage == nullptr) return -1;
    EXPECT_FALSE(usage->text.empty());
    return usage->status;
}

TEST(CommandLine, Run) {
    EXPECT_EQ(std::get<RunCommand>(parse({"run", "-c", "x.toml"})).file, "x.toml");
    EXPECT_EQ(std::get<RunCommand>(parse({"run"})).file, kDefaultConfigFile);
    const auto run = std::get<RunCommand>(parse({"run", "--listen", "udp:127.0.0.1:5060", "--server",
                                                 "sip:127.0.1.1:5060", "--server", "sip:127.0.1.2:5060"}));
    EXPECT_TRUE(run.file.empty());
    EXPECT_EQ(run.listen, std::vector<std::string>{"udp:127.0.0.1:5060"});
    EXPECT_EQ(run.servers, (std::vector<std::string>{"sip:127.0.1.1:5060", "sip:127.0.1.2:5060"}));
}

TEST(CommandLine, Others) {
    const auto check = std::get<CheckCommand>(parse({"check", "-c", "x.toml", "--json"}));
    EXPECT_EQ(check.file, "x.toml");
    EXPECT_TRUE(check.json);
    const auto explain =
        std::get<ExplainCommand>(parse({"explain", "-c", "x.toml", "--from", "udp:192.0.2.7:5060"}));
    EXPECT_EQ(explain.from, "udp:192.0.2.7:5060");
    EXPECT_FALSE(explain.json);
    EXPECT_FALSE(std::get<ConfigCommand>(parse({"config", "--default"})).schema);
    EXPECT_TRUE(std::get<ConfigCommand>(parse({"config", "--schema"})).schema);
    const auto import =
        std::get<ImportKamailioCommand>(parse({"import", "kamailio", "--set", "2", "dispatcher.list"}));
    EXPECT_EQ(import.file, "dispatcher.list");
    EXPECT_EQ(import.set, 2U);
    EXPECT_FALSE(std::get<ImportKamailioCommand>(parse({"import", "kamailio", "x"})).set.has_value());
    EXPECT_TRUE(std::holds_alternative<VersionCommand>(parse({"version"})));
}

TEST(CommandLine, HelpAndMistakes) {
    EXPECT_EQ(usage_status({"--help"}), 0);
    EXPECT_EQ(usage_status({"run", "--help"}), 0);
    EXPECT_EQ(usage_status({"--version"}), 0);
    EXPECT_EQ(usage_status({}), 2);
    EXPECT_EQ(usage_status({"rum"}), 2);
    EXPECT_EQ(usage_status({"run", "--listen", "udp:127.0.0.1:5060"}), 2);
    EXPECT_EQ(usage_status({"run", "--server", "127.0.1.1"}), 2);
    EXPECT_EQ(usage_status({"run", "-c", "x", "--listen", "a", "--server", "b"}), 2);
    EXPECT_EQ(usage_status({"run", "-c"}), 2);
    EXPECT_EQ(usage_status({"check", "extra"}), 2);
    EXPECT_EQ(usage_status({"config"}), 2);
    EXPECT_EQ(usage_status({"config", "--default", "--schema"}), 2);
    EXPECT_EQ(usage_status({"import"}), 2);
    EXPECT_EQ(usage_status({"import", "kamailio"}), 2);
    EXPECT_EQ(usage_status({"import", "kamailio", "--set", "x", "f"}), 2);
}

TEST(CommandLine, AWrongWordIsNamed) {
    const auto told = [](std::vector<const char*> words) {
        const auto usage = std::get<UsageCommand>(parse(std::move(words)));
        EXPECT_EQ(usage.status, 2);
        return usage.text;
    };
    const std::string commands = told({"chekc"});
    EXPECT_TRUE(commands.starts_with("unknown command \"chekc\"; did you mean \"check\"?\nThere are:\n"))
        << commands;
    for (const char* command : {"run", "check", "explain", "config", "import", "version"})
        EXPECT_NE(commands.find(std::string("\n  ") + command + " "), std::string::npos) << commands;
    EXPECT_EQ(told({"import", "opensips"}),
              "unknown command \"opensips\"\nThere are:\n  kamailio  A dispatcher.list\n");
    EXPECT_NE(told({"-V"}).find("unknown option \"-V\"\nThere are:\n  -h,--help  "), std::string::npos);
    const std::string forms = told({"config", "--defualt"});
    EXPECT_TRUE(forms.starts_with("unknown option \"--defualt\"; did you mean \"--default\"?\n")) << forms;
    EXPECT_NE(forms.find("\n  --schema "), std::string::npos) << forms;
    EXPECT_EQ(forms.find("--help"), forms.rfind("--help")) << "once";
    EXPECT_NE(told({"run", "--lisen", "a", "--server", "b"}).find("did you mean \"--listen\"?"),
              std::string::npos);
    EXPECT_NE(told({"check", "--jsn=1"}).find("did you mean \"--json\"?"), std::string::npos);
    EXPECT_NE(told({"check", "extra"}).find("extra"), std::string::npos);
}

TEST(Commands, Version) {
    std::ostringstream out;
    EXPECT_EQ(run_version(out), 0);
    EXPECT_EQ(out.str(), "sipsteer " SIPSTEER_VERSION "\n");
}

TEST(Commands, ConfigReference) {
    std::ostringstream schema;
    EXPECT_EQ(run_config({true}, schema), 0);
    EXPECT_NE(schema.str().find(R"("enum":["ready","drain","maint"])"), std::string::npos);
    EXPECT_NE(schema.str().find(R"("required":["name","uri"])"), std::string::npos);
    std::ostringstream defaults;
    EXPECT_EQ(run_config({false}, defaults), 0);
    EXPECT_NE(defaults.str().find("#[[server]]\n"), std::string::npos);
}

std::vector<std::string> texts(const KamailioImport& imported) {
    std::vector<std::string> result;
    for (const auto& remark : imported.remarks) {
        std::string& text = result.emplace_back(std::to_string(remark.line) + ": ");
        text += (remark.mistake ? "mistake: " : "") + remark.what;
        if (!remark.instead.empty()) text += ": " + std::string(remark.instead);
    }
    return result;
}

TEST(KamailioImport, FullList) {
    std::istringstream list(
        "# dispatcher\n"
        "\n"
        "2 sip:127.0.0.1:5082;px=vx 0 5 duid=abc;socket=udp:192.168.0.125:5060;pipe=p10\n"
        "1 sip:127.0.0.1:7070 0 0 duid=xyz;maxload=20;weight=50;rweight=3\r\n"
        "1\tsip:127.0.0.1:7072\t4\n"
        "2 sip:127.0.0.1:5080;transport=tcp\n"
        "2 sip:127.0.0.1:7070\n"
        "nonsense\n");
    const auto imported = import_dispatcher_list(list, "d.list", std::nullopt);
    EXPECT_EQ(imported.servers, 3U);
    EXPECT_EQ(imported.toml, R"(# From "d.list"

[listen]
udp = ["192.168.0.125:5060"]

[[server]]
name = "abc"
uri = "sip:127.0.0.1:5082"
group = "set-2"
# priority "5": no counterpart; see backup = true
# socket "udp:192.168.0.125:5060": in [listen]
# attribute "pipe" = "p10": is unknown

[[server]]
name = "xyz"
uri = "sip:127.0.0.1:7070"
group = "set-1"
max_calls = 20
weight = 50
# rweight "3": not needed

[[server]]
name = "server-3"
uri = "sip:127.0.0.1:7072"
group = "set-1"
state = "maint"

# left out: set 2, "sip:127.0.0.1:5080;transport=tcp": tcp needs a tcp listener: write both yourself

# left out: set 2, "sip:127.0.0.1:7070": the same address stands twice

# kamailio.cfg chooses the set; write one [[route]] for each of its cases.
[[route]]
group = "set-1"
)");
    EXPECT_EQ(texts(imported),
              (std::vector<std::string>{
                  "8: mistake: is not \"setid uri [flags [priority [attributes]]]\": left out",
                  "3: URI parameter \";px=vx\" is left out",
                  "3: attribute \"pipe\" = \"p10\" is unknown",
                  "6: mistake: tcp needs a tcp listener: write both yourself: left out",
                  "7: mistake: the same address stands twice: left out",
              }));
    const auto loaded = load_config_text(imported.toml, "imported");
    EXPECT_TRUE(loaded.ok()) << to_string(loaded.errors[0]);
    EXPECT_EQ(loaded.config.servers.size(), 3U);
}

TEST(KamailioImport, WrongNumbersAreMistakes) {
    std::istringstream list("1 sip:10.0.0.1 x\n1 sip:10.0.0.2 0 0 weight=5o;maxload=;px=1\n2 10.0.0.3 x\n");
    const auto imported = import_dispatcher_list(list, "d.list", 1);
    EXPECT_EQ(texts(imported), (std::vector<std::string>{
                                   "1: mistake: flags \"x\" are no number: taken as 0",
                                   "2: mistake: attribute \"weight\" = \"5o\" is no number that can be used",
                                   "2: mistake: attribute \"maxload\" = \"\" is no number that can be used",
                                   "2: attribute \"px\" = \"1\" is unknown",
                               }));
}

TEST(KamailioImport, PrintsWhatItLeavesOut) {
    const std::string file = testing::TempDir() + "d" + std::to_string(::getpid()) + ".list";
    std::ofstream{file} << "1 sip:10.0.0.1 x 0 px=1\n1 sip10.0.0.2\n";
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_import_kamailio({file, std::nullopt}, out, err), 0);
    EXPECT_EQ(err.str(), file + ":1: flags \"x\" are no number, taken as 0\n" + file +
                             ":1: attribute \"px\" = \"1\" is unknown\n" + file +
                             ":2: \"sip10.0.0.2\": not a SIP URI; write \"sip:HOST[:PORT]\", left out\n");
    std::remove(file.c_str());
}

TEST(KamailioImport, OneSetIsTheDefaultGroup) {
    std::istringstream list("1 sip:10.0.0.1\n2 sip:10.0.0.2 0 0 rweight=7\n2 sip:10.0.0.3\n");
    const auto imported = import_dispatcher_list(list, "d.list", 2U);
    EXPECT_EQ(imported.servers, 2U);
    EXPECT_EQ(imported.toml.find("group"), std::string::npos);
    const auto loaded = load_config_text(imported.toml, "imported");
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.config.servers[0].weight, 7U);
    EXPECT_EQ(loaded.config.servers[0].name, "server-1");
}

TEST(KamailioImport, TheSampleListenerIsNoDestination) {
    std::istringstream list("1 sip:127.0.0.1\n1 sip:127.0.0.1:5061\n");
    const auto imported = import_dispatcher_list(list, "d.list", std::nullopt);
    EXPECT_NE(imported.toml.find("udp = [\"127.0.0.1:5062\"]"), std::string::npos) << imported.toml;
    EXPECT_TRUE(load_config_text(imported.toml, "imported").ok());
}

TEST(KamailioImport, HostileTextStaysInComments) {
    std::istringstream list(
        "1 sip:10.0.0.1 0 0 duid=a\"\x01\xff;x\xff\x02=\"\xc3;maxload=-1;weight=x;weight=2\n");
    const auto imported = import_dispatcher_list(list, "d.list", std::nullopt);
    const auto loaded = load_config_text(imported.toml, "imported");
    ASSERT_TRUE(loaded.ok()) << to_string(loaded.errors[0]) << "\n" << imported.toml;
    EXPECT_EQ(loaded.config.servers[0].name, "server-1");
    EXPECT_EQ(imported.remarks.size(), 5U);
}

TEST(KamailioImport, HostileUrisStayInComments) {
    std::istringstream list("1 sip:10.0.0.1\n1 sip:a\xff\xc3\n1 x\x80:b\n1 sip:10.0.0.2;x=\xe2\x82\n");
    const auto imported = import_dispatcher_list(list, "d.list", std::nullopt);
    EXPECT_EQ(imported.servers, 2U);
    const auto loaded = load_config_text(imported.toml, "imported");
    EXPECT_TRUE(loaded.ok()) << to_string(loaded.errors[0]) << "\n" << imported.toml;
}

TEST(KamailioImport, NothingToImport) {
    std::istringstream list("# empty\n");
    EXPECT_EQ(import_dispatcher_list(list, "d.list", std::nullopt).servers, 0U);
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_import_kamailio({"/nonexistent/list", std::nullopt}, out, err), 1);
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(err.str(), "/nonexistent/list: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace sipsteer
