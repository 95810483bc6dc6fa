/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many agents at once, for bench_ingest: each thread is one host, with its own certificate and one
 * connection. Prints what went through. Usage:
 *   load_client changed|mixed|hash|handshake PORT SECONDS CONTAINERS CA PREFIX HOSTS
 * PREFIXn.key and PREFIXn.crt belong to host n.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/tls.h"
#include "proto/wire.h"
#include "tests/bench/bench_facts.h"

enum mode { MODE_CHANGED, MODE_MIXED, MODE_HASH, MODE_HANDSHAKE };
enum { MIXED_CHANGES_EVERY = 10, ANSWER_BYTES = 4096 };

static const char *const mode_names[] = {"changed", "mixed", "hash", "handshake"};

static struct {
	enum mode mode;
	uint16_t port;
	gint64 until_us;
	size_t containers;
	const char *ca;
} how;

struct host {
	struct tls_client *tls;
	SSL_CTX *context;
	struct arena *arena;
	Plimsoll__Facts *facts;
	GBytes *packed;
	uint8_t sha256[WIRE_SHA256_BYTES];
	uint64_t sequence;
	guint done, asked, refused;
	gint64 slowest_us;
};

static SSL *connect_tls(const struct host *host)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(how.port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(host->context);
	char name[] = "localhost"; /* the macro casts const away, which clang refuses */
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		g_error("cannot connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, name);
	if (SSL_connect(ssl) != 1)
		g_error("no handshake");
	return ssl;
}

static void disconnect(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
}

static void change_facts(struct host *host)
{
	Plimsoll__Container *container =
		host->facts->container[host->sequence % host->facts->n_container];

	WIRE_SET(container, memory, (int64_t)host->sequence << 20);
	WIRE_SET(container, privileged, !container->privileged);
	g_clear_pointer(&host->packed, g_bytes_unref);
	host->packed = wire_pack(&host->facts->base);
	wire_sha256(g_bytes_get_data(host->packed, NULL), g_bytes_get_size(host->packed),
		    host->sha256);
}

/* gives: the compressed body of a request. */
static GBytes *make_body(struct host *host, bool with_facts)
{
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	Plimsoll__Report report = PLIMSOLL__REPORT__INIT;
	g_autoptr(GBytes) packed = NULL;
	char engine[] = "rootful";

	WIRE_SET(&envelope, schema, 1);
	envelope.engine_key = engine;
	WIRE_SET(&envelope, sequence, ++host->sequence);
	WIRE_SET(&envelope, taken_at, g_get_real_time() / G_USEC_PER_SEC);
	envelope.has_facts_sha256 = true;
	envelope.facts_sha256 = (ProtobufCBinaryData){sizeof(host->sha256), host->sha256};
	report.envelope = &envelope;
	if (with_facts) {
		gsize size = 0;
		const void *data = g_bytes_get_data(host->packed, &size);

		report.has_facts = true;
		report.facts = (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
	}
	packed = wire_pack(&report.base);
	return wire_compress(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
}

/* One read holds an answer: it is 200 bytes. gives: its reply's accepted. */
static bool exchange(SSL *ssl, GBytes *body, struct host *host)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(body, &size);
	g_autofree char *head = g_strdup_printf("POST /v1/report HTTP/1.1\r\nHost: localhost\r\n"
						"Content-Type: application/x-protobuf\r\n"
						"Content-Encoding: zstd\r\n"
						"Content-Length: %zu\r\n\r\n",
						size);
	size_t head_size = strlen(head);
	g_autofree char *request = g_malloc(head_size + size);
	char answer[ANSWER_BYTES];
	int got;

	memcpy(request, head, head_size);
	memcpy(request + head_size, data, size);
	if (SSL_write(ssl, request, (int)(head_size + size)) <= 0)
		g_error("cannot send");
	for (size_t have = 0; have < sizeof(answer) - 1; have += (size_t)got) {
		got = SSL_read(ssl, answer + have, (int)(sizeof(answer) - 1 - have));
		if (got <= 0)
			g_error("no answer");
		answer[have + (size_t)got] = '\0';
		const char *end = strstr(answer, "\r\n\r\n");
		const char *length = strstr(answer, "Content-Length: ");

		if (end != NULL && length != NULL &&
		    have + (size_t)got >=
			    (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10)) {
			/* Reply.accepted, field 1 */
			host->refused += strncmp(answer, "HTTP/1.1 200", 12) != 0;
			return end[4] == 0x08 && end[5] == 0x01;
		}
	}
	g_error("an answer too long");
}

static void send_report(SSL *ssl, struct host *host, bool changes)
{
	gint64 started_us = g_get_monotonic_time();
	g_autoptr(GBytes) body = NULL;

	if (changes)
		change_facts(host);
	body = make_body(host, changes);
	if (exchange(ssl, body, host))
		host->done++;
	else
		host->asked++;
	host->slowest_us = MAX(host->slowest_us, g_get_monotonic_time() - started_us);
}

static gpointer run_reports(gpointer data)
{
	struct host *host = data;
	SSL *ssl = connect_tls(host);

	for (guint i = 0; g_get_monotonic_time() < how.until_us; i++)
		send_report(ssl, host,
			    i == 0 || how.mode == MODE_CHANGED ||
				    (how.mode == MODE_MIXED && i % MIXED_CHANGES_EVERY == 0));
	disconnect(ssl);
	return NULL;
}

static gpointer run_handshakes(gpointer data)
{
	struct host *host = data;

	while (g_get_monotonic_time() < how.until_us) {
		SSL *ssl = connect_tls(host);
		char nothing;

		/* The server's part ends when it has seen our certificate: a session ticket
		 * follows.
		 */
		if (SSL_write(ssl, "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", 38) > 0 &&
		    SSL_read(ssl, &nothing, 1) == 1)
			host->done++;
		disconnect(ssl);
	}
	return NULL;
}

static void host_init(struct host *host, const char *prefix, size_t n)
{
	g_autofree char *key = g_strdup_printf("%s%zu.key", prefix, n);
	g_autofree char *certificate = g_strdup_printf("%s%zu.crt", prefix, n);
	g_autoptr(GError) error = NULL;

	*host = (struct host){.arena = arena_new(SIZE_MAX),
			      .sequence = (uint64_t)g_get_real_time(),
			      .context = SSL_CTX_new(TLS_client_method())};
	host->facts = bench_facts(host->arena, how.containers);
	host->tls = tls_client_new(&(struct tls_client_options){.host_name = "localhost",
								.ca_file = how.ca,
								.certificate_file = certificate,
								.key_file = key},
				   &error);
	if (host->tls == NULL || !tls_client_configure(host->tls, host->context, &error))
		g_error("%s", error->message);
	SSL_CTX_set_session_cache_mode(host->context, SSL_SESS_CACHE_OFF);
}

static void print_result(const struct host *hosts, size_t n, gint64 took_us)
{
	struct rusage usage;
	guint done = 0, asked = 0, refused = 0;
	gint64 slowest_us = 0;

	for (size_t i = 0; i < n; i++) {
		done += hosts[i].done;
		asked += hosts[i].asked;
		refused += hosts[i].refused;
		slowest_us = MAX(slowest_us, hosts[i].slowest_us);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%u %.3f %.3f %u %u %.1f\n", done, (double)took_us / 1e6,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
	       asked, refused, (double)slowest_us / 1e3);
}

static bool read_arguments(int argc, char **argv)
{
	if (argc != 8)
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(mode_names); i++)
		if (strcmp(argv[1], mode_names[i]) == 0)
			how.mode = (enum mode)i;
	how.port = (uint16_t)strtoul(argv[2], NULL, 10);
	how.containers = strtoul(argv[4], NULL, 10);
	how.ca = argv[5];
	return how.containers > 0;
}

int main(int argc, char **argv)
{
	size_t n = 0;
	g_autofree struct host *hosts = NULL;
	g_autofree GThread **threads = NULL;
	gint64 started_us;

	if (!read_arguments(argc, argv)) {
		fprintf(stderr, "usage: see the head of this file\n");
		return 2;
	}
	n = strtoul(argv[7], NULL, 10);
	hosts = g_new0(struct host, n);
	threads = g_new0(GThread *, n);
	for (size_t i = 0; i < n; i++)
		host_init(&hosts[i], argv[6], i);
	started_us = g_get_monotonic_time();
	how.until_us = started_us + (gint64)strtoul(argv[3], NULL, 10) * G_USEC_PER_SEC;
	for (size_t i = 0; i < n; i++)
		threads[i] = g_thread_new("host",
					  how.mode == MODE_HANDSHAKE ? run_handshakes : run_reports,
					  &hosts[i]);
	for (size_t i = 0; i < n; i++)
		g_thread_join(threads[i]);
	print_result(hosts, n, g_get_monotonic_time() - started_us);
	return 0;
}
