/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the grammar of the Go library with which dockerd reads its options. Names are
 * exact, "--" ends the options, a letter may stand in a cluster ("-DH unix:///run/x.sock").
 */
#include "agent/collect/pflag.h"

#include <string.h>

/* dockerd 19.03 to 28. What is not needed by a check is masked, what is not here as well. */
const struct pflag_option pflag_dockerd_options[] = {
	{"add-runtime", 0, PFLAG_TEXT, PFLAG_MASK},
	{"allow-direct-routing", 0, PFLAG_BOOL, PFLAG_MASK},
	{"allow-nondistributable-artifacts", 0, PFLAG_TEXT, PFLAG_MASK},
	{"api-cors-header", 0, PFLAG_TEXT, PFLAG_MASK},
	{"authorization-plugin", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"bip", 0, PFLAG_TEXT, PFLAG_MASK},
	{"bip6", 0, PFLAG_TEXT, PFLAG_MASK},
	{"bridge", 'b', PFLAG_TEXT, PFLAG_KEEP},
	{"bridge-accept-fwmark", 0, PFLAG_TEXT, PFLAG_MASK},
	{"cdi-spec-dir", 0, PFLAG_TEXT, PFLAG_MASK},
	{"cgroup-parent", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"cluster-advertise", 0, PFLAG_TEXT, PFLAG_MASK},
	{"cluster-store", 0, PFLAG_TEXT, PFLAG_MASK},
	{"cluster-store-opt", 0, PFLAG_TEXT, PFLAG_MASK},
	{"config-file", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"containerd", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"containerd-namespace", 0, PFLAG_TEXT, PFLAG_MASK},
	{"containerd-plugins-namespace", 0, PFLAG_TEXT, PFLAG_MASK},
	{"cpu-rt-period", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"cpu-rt-runtime", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"cri-containerd", 0, PFLAG_BOOL, PFLAG_MASK},
	{"data-root", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"debug", 'D', PFLAG_BOOL, PFLAG_KEEP},
	{"default-address-pool", 0, PFLAG_TEXT, PFLAG_MASK},
	{"default-cgroupns-mode", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"default-gateway", 0, PFLAG_TEXT, PFLAG_MASK},
	{"default-gateway-v6", 0, PFLAG_TEXT, PFLAG_MASK},
	{"default-ipc-mode", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"default-network-opt", 0, PFLAG_TEXT, PFLAG_MASK},
	{"default-runtime", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"default-shm-size", 0, PFLAG_TEXT, PFLAG_MASK},
	{"default-ulimit", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"disable-legacy-registry", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"dns", 0, PFLAG_TEXT, PFLAG_MASK},
	{"dns-opt", 0, PFLAG_TEXT, PFLAG_MASK},
	{"dns-search", 0, PFLAG_TEXT, PFLAG_MASK},
	{"exec-opt", 0, PFLAG_TEXT, PFLAG_MASK},
	{"exec-root", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"experimental", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"feature", 0, PFLAG_TEXT, PFLAG_MASK},
	{"firewall-backend", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"fixed-cidr", 0, PFLAG_TEXT, PFLAG_MASK},
	{"fixed-cidr-v6", 0, PFLAG_TEXT, PFLAG_MASK},
	{"graph", 'g', PFLAG_TEXT, PFLAG_KEEP},
	{"group", 'G', PFLAG_TEXT, PFLAG_KEEP},
	{"help", 'h', PFLAG_BOOL, PFLAG_MASK},
	{"host", 'H', PFLAG_TEXT, PFLAG_KEEP},
	{"host-gateway-ip", 0, PFLAG_TEXT, PFLAG_MASK},
	{"http-proxy", 0, PFLAG_TEXT, PFLAG_MASK},
	{"https-proxy", 0, PFLAG_TEXT, PFLAG_MASK},
	{"icc", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"init", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"init-path", 0, PFLAG_TEXT, PFLAG_MASK},
	{"insecure-registry", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"ip", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"ip-forward", 0, PFLAG_BOOL, PFLAG_MASK},
	{"ip-forward-no-drop", 0, PFLAG_BOOL, PFLAG_MASK},
	{"ip-masq", 0, PFLAG_BOOL, PFLAG_MASK},
	{"ip6tables", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"iptables", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"ipv6", 0, PFLAG_BOOL, PFLAG_MASK},
	{"label", 0, PFLAG_TEXT, PFLAG_MASK},
	{"live-restore", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"log-driver", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"log-format", 0, PFLAG_TEXT, PFLAG_MASK},
	{"log-level", 'l', PFLAG_TEXT, PFLAG_KEEP},
	{"log-opt", 0, PFLAG_TEXT, PFLAG_LOG_OPT},
	{"max-concurrent-downloads", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"max-concurrent-uploads", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"max-download-attempts", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"metrics-addr", 0, PFLAG_TEXT, PFLAG_MASK},
	{"mtu", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"network-control-plane-mtu", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"network-diagnostic-port", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"no-new-privileges", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"no-proxy", 0, PFLAG_TEXT, PFLAG_MASK},
	{"node-generic-resource", 0, PFLAG_TEXT, PFLAG_MASK},
	{"oom-score-adjust", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"pidfile", 'p', PFLAG_TEXT, PFLAG_KEEP},
	{"raw-logs", 0, PFLAG_BOOL, PFLAG_MASK},
	{"registry-mirror", 0, PFLAG_TEXT, PFLAG_MASK},
	{"rootless", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"seccomp-profile", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"selinux-enabled", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"shutdown-timeout", 0, PFLAG_NUMBER, PFLAG_MASK},
	{"storage-driver", 's', PFLAG_TEXT, PFLAG_KEEP},
	{"storage-opt", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"swarm-default-advertise-addr", 0, PFLAG_TEXT, PFLAG_MASK},
	{"tls", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"tlscacert", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"tlscert", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"tlskey", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"tlsverify", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"userland-proxy", 0, PFLAG_BOOL, PFLAG_KEEP},
	{"userland-proxy-path", 0, PFLAG_TEXT, PFLAG_MASK},
	{"userns-remap", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"validate", 0, PFLAG_BOOL, PFLAG_MASK},
	{"version", 'v', PFLAG_BOOL, PFLAG_MASK},
	{NULL, 0, PFLAG_BOOL, PFLAG_MASK},
};

/* containerd's own library differs in places that do not matter for these. */
const struct pflag_option pflag_containerd_options[] = {
	{"address", 'a', PFLAG_TEXT, PFLAG_KEEP},   {"config", 'c', PFLAG_TEXT, PFLAG_KEEP},
	{"log-level", 'l', PFLAG_TEXT, PFLAG_MASK}, {"root", 0, PFLAG_TEXT, PFLAG_KEEP},
	{"state", 0, PFLAG_TEXT, PFLAG_KEEP},       {NULL, 0, PFLAG_BOOL, PFLAG_MASK},
};

struct parse {
	const struct pflag_option *options;
	const char *const *words;
	guint n_words, next;
	void (*each)(const struct pflag_value *value, void *data);
	void *data;
};

bool pflag_boolean(const char *text, bool *ret_value)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};

	if (g_strv_contains(yes, text))
		*ret_value = true;
	else if (g_strv_contains(no, text))
		*ret_value = false;
	else
		return false;
	return true;
}

static bool is_number(const char *text)
{
	char *end = NULL;

	(void)g_ascii_strtoll(text, &end, 0);
	return end != text && *end == '\0';
}

static bool is_bad(const struct pflag_option *option, const char *value)
{
	bool ignored = false;

	switch (option->type) {
	case PFLAG_BOOL:
		return !pflag_boolean(value, &ignored);
	case PFLAG_NUMBER:
		return !is_number(value);
	case PFLAG_TEXT:
		return false;
	}
	return true;
}

static void report(const struct parse *parse, const struct pflag_option *option, const char *value)
{
	struct pflag_value found = {
		.name = option->name,
		.name_size = strlen(option->name),
		.value = value,
		.is_known = true,
		.is_bad = value == NULL || is_bad(option, value),
		.option = option,
	};

	parse->each(&found, parse->data);
}

static void report_unknown(const struct parse *parse, const char *name, size_t size,
			   const char *value)
{
	struct pflag_value found = {.name = name, .name_size = size, .value = value};

	parse->each(&found, parse->data);
}

static const struct pflag_option *find_name(const struct parse *parse, const char *name,
					    size_t size)
{
	for (const struct pflag_option *option = parse->options; option->name != NULL; option++) {
		if (strlen(option->name) == size && strncmp(option->name, name, size) == 0)
			return option;
	}
	return NULL;
}

static const struct pflag_option *find_letter(const struct parse *parse, char letter)
{
	for (const struct pflag_option *option = parse->options; option->name != NULL; option++) {
		if (letter != '\0' && option->letter == letter)
			return option;
	}
	return NULL;
}

static const char *take_next(struct parse *parse)
{
	return parse->next < parse->n_words ? parse->words[parse->next++] : NULL;
}

static void parse_long(struct parse *parse, const char *name)
{
	const char *equals = strchr(name, '=');
	size_t size = equals == NULL ? strlen(name) : (size_t)(equals - name);
	const struct pflag_option *option = find_name(parse, name, size);

	if (option == NULL)
		report_unknown(parse, name, size, equals == NULL ? NULL : equals + 1);
	else if (equals != NULL)
		report(parse, option, equals + 1);
	else if (option->type == PFLAG_BOOL)
		report(parse, option, "true");
	else
		report(parse, option, take_next(parse));
}

/* Letters without a value may be followed by more letters: -DH unix:///run/x.sock. */
static void parse_letters(struct parse *parse, const char *letters)
{
	for (const char *at = letters; *at != '\0'; at++) {
		const struct pflag_option *option = find_letter(parse, *at);

		if (option == NULL) {
			report_unknown(parse, at, 1, NULL);
			return;
		}
		if (at[1] == '=') {
			report(parse, option, at + 2);
			return;
		}
		if (option->type != PFLAG_BOOL) {
			report(parse, option, at[1] != '\0' ? at + 1 : take_next(parse));
			return;
		}
		report(parse, option, "true");
	}
}

void pflag_parse(const struct pflag_option *options, const char *const *words, guint n_words,
		 void (*each)(const struct pflag_value *value, void *data), void *data)
{
	struct parse parse = {
		.options = options,
		.words = words,
		.n_words = n_words,
		.each = each,
		.data = data,
	};

	while (parse.next < parse.n_words) {
		const char *word = parse.words[parse.next++];

		if (strcmp(word, "--") == 0)
			return;
		if (g_str_has_prefix(word, "--"))
			parse_long(&parse, word + 2);
		else if (word[0] == '-' && word[1] != '\0')
			parse_letters(&parse, word + 1);
	}
}

/* "tcp://user:secret@host:1/path?token" -> "tcp://host:1"; a path of unix:// is kept. */
static char *bare_address(const char *value, bool with_scheme_and_port)
{
	const char *scheme_end = strstr(value, "://");
	const char *rest = scheme_end == NULL ? value : scheme_end + 3;
	size_t scheme_size = (size_t)(rest - value);
	size_t size = strcspn(rest, "/?#");
	const char *at = NULL;

	if (g_str_has_prefix(value, "unix"))
		return g_strdup(value);
	for (size_t i = 0; i < size; i++) {
		if (rest[i] == '@')
			at = rest + i;
	}
	if (at != NULL) {
		size -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	if (!with_scheme_and_port) {
		size_t host = rest[0] == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":");

		return g_strndup(rest, MIN(size, host));
	}
	return g_strdup_printf("%.*s%.*s", (int)scheme_size, value, (int)size, rest);
}

char *pflag_log_option(const char *key, const char *value)
{
	static const char *const addresses[] = {"syslog-address", "gelf-address", "fluentd-address",
						NULL};

	if (g_strv_contains(addresses, key))
		return bare_address(value, true);
	if (strcmp(key, "splunk-url") == 0)
		return bare_address(value, false);
	if (strcmp(key, "awslogs-region") == 0)
		return g_strdup(value);
	return NULL;
}
