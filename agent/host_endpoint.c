/* SPDX-License-Identifier: Apache-2.0 */
/* See host_endpoint.h. Whatever cannot be obeyed is refused before anything is asked. */
#include "agent/host_endpoint.h"

#include <string.h>

#include "agent/host.h"
#include "agent/host/docker_context.h"

enum { PLAIN_PORT = 2375, TLS_PORT = 2376 };

static const struct {
	const char *scheme, *advice;
} refused[] = {
	{"http://", "write tcp://HOST:PORT, as docker does"},
	{"https://", "write tcp://HOST:PORT with --tlsverify, as docker does"},
};

void host_endpoint_flags_done(struct host_endpoint_flags *flags)
{
	g_free(flags->docker_host);
	g_free(flags->tls_ca);
	g_free(flags->tls_cert);
	g_free(flags->tls_key);
	*flags = (struct host_endpoint_flags){0};
}

void host_endpoint_free(struct host_endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	g_free(endpoint->url);
	g_free(endpoint->socket_path);
	g_free(endpoint->address);
	g_free(endpoint->ca_file);
	g_free(endpoint->cert_file);
	g_free(endpoint->key_file);
	g_free(endpoint->tls_dir);
	g_free(endpoint->chosen_by);
	g_free(endpoint);
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, HOST_ERROR, HOST_ERROR_ENDPOINT, text);
	return false;
}

/* ---------------------------------------------------------------- the URL */

/* How TLS is to be spoken, before it is known whether the URL asks for any. */
struct tls_wish {
	bool is_used, verifies;
	const char *dir; /* of the files that nobody named */
	const char *ca, *cert, *key;
	bool needs_ca; /* a context without one trusts what the system trusts */
};

static const char host_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

/* The length of a host name or "[v6 address]" at the start of text; 0: neither. */
static size_t host_length(const char *text)
{
	size_t length = 0;

	if (text[0] != '[')
		return strspn(text, host_letters);
	length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
	return text[length] == ']' && length > 2 ? length + 1 : 0;
}

static bool read_tcp(struct host_endpoint *endpoint, const char *rest, bool uses_tls,
		     GError **error)
{
	size_t length = host_length(rest);
	g_autofree char *host = g_strndup(rest, length);
	guint64 port = uses_tls ? TLS_PORT : PLAIN_PORT;
	g_autofree char *after = g_strdup(rest + length);

	if (g_str_has_suffix(after, "/"))
		after[strlen(after) - 1] = '\0';
	if (length == 0 || (after[0] != '\0' &&
			    (after[0] != ':' ||
			     !g_ascii_string_to_unsigned(after + 1, 10, 1, 65535, &port, NULL))))
		/* The rest may hold a user and a password. */
		return fail(error, "docker host \"tcp://...\": expected \"tcp://HOST:PORT\"");
	endpoint->url = g_strdup_printf("tcp://%s:%" G_GUINT64_FORMAT, host, port);
	endpoint->address = g_strdup_printf("%s://%s:%" G_GUINT64_FORMAT,
					    uses_tls ? "https" : "http", host, port);
	return true;
}

/* Of ssh:// the whole command, where the URL holds nothing but a name: never a password. */
static bool refuse_ssh(const char *url, GError **error)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+@:[]/";
	const char *at = strrchr(url, '@');
	const char *colon = strchr(url + strlen("ssh://"), ':');
	const bool is_plain = strspn(url, letters) == strlen(url) && strlen(url) <= 200 &&
			      (at == NULL || colon == NULL || colon > at);

	return fail(error,
		    "docker host \"ssh://...\": to audit that machine over SSH, run "
		    "\"plimsoll scan%s%s\"",
		    is_plain ? " " : "", is_plain ? url : "");
}

static bool read_url(struct host_endpoint *endpoint, const char *url, bool uses_tls, GError **error)
{
	static const char unix_scheme[] = "unix://", tcp_scheme[] = "tcp://";

	if (g_str_has_prefix(url, unix_scheme) && url[strlen(unix_scheme)] == '/') {
		endpoint->url = g_strdup(url);
		endpoint->socket_path = g_strdup(url + strlen(unix_scheme));
		return true;
	}
	if (g_str_has_prefix(url, tcp_scheme))
		return read_tcp(endpoint, url + strlen(tcp_scheme), uses_tls, error);
	if (g_str_has_prefix(url, "ssh://"))
		return refuse_ssh(url, error);
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
		if (g_str_has_prefix(url, refused[i].scheme))
			return fail(error, "docker host \"%s...\": %s", refused[i].scheme,
				    refused[i].advice);
	return fail(error, "docker host: expected \"unix:///PATH\" or \"tcp://HOST:PORT\"");
}

/* ---------------------------------------------------------------- the files of TLS */

/* The file that somebody named, which must be there, or the usual one, if it is. */
static bool find_file(const char *named, const char *dir, const char *usual, char **ret_path,
		      GError **error)
{
	g_autofree char *path =
		named != NULL ? g_strdup(named) : g_build_filename(dir, usual, NULL);

	if (g_file_test(path, G_FILE_TEST_EXISTS))
		*ret_path = g_steal_pointer(&path);
	else if (named != NULL)
		return fail(error, "TLS: \"%s\" cannot be found", named);
	return true;
}

static bool find_files(struct host_endpoint *endpoint, const struct tls_wish *wish, GError **error)
{
	endpoint->verifies = wish->verifies;
	endpoint->tls_dir = g_strdup(wish->dir);
	if (!find_file(wish->ca, wish->dir, "ca.pem", &endpoint->ca_file, error) ||
	    !find_file(wish->cert, wish->dir, "cert.pem", &endpoint->cert_file, error) ||
	    !find_file(wish->key, wish->dir, "key.pem", &endpoint->key_file, error))
		return false;
	if (endpoint->ca_file == NULL && wish->verifies && wish->needs_ca)
		return fail(error,
			    "TLS: no CA to check the engine with: put its certificate into "
			    "\"%s/ca.pem\", name that folder in DOCKER_CERT_PATH, or the file "
			    "with --tlscacert",
			    wish->dir);
	if ((endpoint->cert_file == NULL) != (endpoint->key_file == NULL))
		return fail(error,
			    "TLS: a client certificate needs its key: name both, with --tlscert "
			    "and --tlskey, or as cert.pem and key.pem in \"%s\"",
			    wish->dir);
	return true;
}

/* chosen_by: taken. */
static struct host_endpoint *make(const char *url, char *chosen_by, const struct tls_wish *wish,
				  GError **error)
{
	PLIMSOLL_AUTO(host_endpoint) *endpoint = g_new0(struct host_endpoint, 1);

	endpoint->chosen_by = chosen_by;
	if (!read_url(endpoint, url, wish->is_used, error) ||
	    (endpoint->address != NULL && wish->is_used && !find_files(endpoint, wish, error))) {
		if (chosen_by != NULL)
			g_prefix_error(error, "%s: ", chosen_by);
		return NULL;
	}
	return g_steal_pointer(&endpoint);
}

/* ---------------------------------------------------------------- who chooses */

static const char *environment(const char *name)
{
	const char *value = g_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* As docker does: a file that is named, or a wish to verify, means TLS. */
static struct host_endpoint *choose_given(const struct host_endpoint_flags *flags, const char *url,
					  const char *chosen_by, GError **error)
{
	g_autofree char *config_dir = docker_context_config_dir();
	const char *cert_path = environment("DOCKER_CERT_PATH");
	bool verifies = flags->tls_verify || environment("DOCKER_TLS_VERIFY") != NULL;
	const struct tls_wish wish = {
		.is_used = verifies || flags->tls || environment("DOCKER_TLS") != NULL,
		.verifies = verifies,
		.dir = cert_path != NULL ? cert_path : config_dir,
		.ca = flags->tls_ca,
		.cert = flags->tls_cert,
		.key = flags->tls_key,
		.needs_ca = true,
	};

	if (!wish.is_used && (wish.ca != NULL || wish.cert != NULL || wish.key != NULL)) {
		fail(error, "TLS: files are named, but not that TLS is wanted: add --tlsverify");
		return NULL;
	}
	return make(url, g_strdup(chosen_by), &wish, error);
}

static struct host_endpoint *choose_context(const struct docker_context *context, GError **error)
{
	const struct tls_wish wish = {
		.is_used = context->tls_dir != NULL || context->skips_verify,
		.verifies = !context->skips_verify,
		.dir = context->tls_dir != NULL ? context->tls_dir : "/nonexistent",
	};

	return make(context->host, g_strdup_printf("the docker context \"%s\"", context->name),
		    &wish, error);
}

static struct host_endpoint *choose_usual(const struct host_endpoint_flags *flags, GError **error)
{
	struct docker_context context = {0};
	struct host_endpoint *endpoint = NULL;

	if (flags->ignores_contexts || docker_context_current(&context, error))
		endpoint = context.name != NULL ? choose_context(&context, error)
						: host_endpoint_new(HOST_ENDPOINT_DEFAULT, error);
	docker_context_done(&context);
	return endpoint;
}

struct host_endpoint *host_endpoint_choose(const struct host_endpoint_flags *flags, GError **error)
{
	const char *from_environment = environment("DOCKER_HOST");

	if (flags->docker_host != NULL)
		return choose_given(flags, flags->docker_host, "--docker-host", error);
	if (from_environment != NULL)
		return choose_given(flags, from_environment, "DOCKER_HOST", error);
	return choose_usual(flags, error);
}

struct host_endpoint *host_endpoint_new(const char *url, GError **error)
{
	return make(url, NULL, &(struct tls_wish){.dir = ""}, error);
}

const char *host_endpoint_caution(const struct host_endpoint *endpoint)
{
	if (endpoint->address == NULL || (endpoint->verifies && endpoint->address != NULL &&
					  g_str_has_prefix(endpoint->address, "https://")))
		return NULL;
	if (g_str_has_prefix(endpoint->address, "https://"))
		return "The engine was asked without checking its certificate: whoever stands "
		       "between may have answered, and every verdict here may be false. Use "
		       "--tlsverify.";
	return "The engine was asked over plain TCP: whoever stands between can read and change "
	       "every answer, and whoever reaches that port is root on the engine's machine. Use "
	       "TLS with client certificates (--tlsverify), or a unix socket.";
}
