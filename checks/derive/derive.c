/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Derived facts, between steps 2 and 5 of the flow: runs the algorithms in the order in which they
 * need each other, and holds the little that all of them use to write rows.
 */
#include "checks/derive/derive.h"

#include <stdarg.h>

#include "checks/derive/derive_internal.h"
#include "proto/schema.h"

static void (*const steps[])(struct derivation *d) = {
	derive_place_identity, derive_scope,  derive_settings,
	derive_place_paths,    derive_tls,    derive_listeners,
	derive_tls_listeners,  derive_gates,  derive_capabilities,
	derive_namespaces,     derive_mounts, derive_publish,
	derive_swarm_ports,    derive_audit,  derive_host_files,
	derive_builds,
};

static void copy_run(struct derivation *d)
{
	Derived__Run *run = derive_new(d, &derived__run__descriptor);

	WIRE_SET(run, as_of, d->input->as_of_s);
	WIRE_SET(run, taken_at, d->input->taken_at_s);
	WIRE_SET(run, schema, d->input->schema == 0 ? SCHEMA_CURRENT : d->input->schema);
	d->out->run = run;
}

static void copy_parameters(struct derivation *d)
{
	Derived__Parameter *parameter = derive_new(d, &derived__parameter__descriptor);

	if (d->input->parameters != NULL)
		*parameter = *d->input->parameters;
	d->out->parameter = parameter;
}

Derived__Derived *derive(const struct evaluate_input *input, struct arena *arena)
{
	struct derivation d = {
		.input = input,
		.facts = input->facts,
		.engine = input->facts->engine,
		.arena = arena,
	};

	d.out = derive_new(&d, &derived__derived__descriptor);
	copy_run(&d);
	copy_parameters(&d);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		steps[i](&d);
	return d.out;
}

void *derive_new(struct derivation *d, const ProtobufCMessageDescriptor *descriptor)
{
	void *message = arena_calloc(d->arena, 1, descriptor->sizeof_message);

	protobuf_c_message_init(descriptor, message);
	return message;
}

void *derive_grow(struct derivation *d, void *items, size_t n)
{
	void **larger;

	if (n != 0 && (n & (n - 1)) != 0)
		return items; /* the capacity is always a power of two */
	larger = arena_calloc(d->arena, n == 0 ? 1 : 2 * n, sizeof(*larger));
	if (n > 0)
		memcpy(larger, items, n * sizeof(*larger));
	return larger;
}

char *derive_text(struct derivation *d, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	text = arena_vprintf(d->arena, format, arguments);
	va_end(arguments);
	return text;
}

char *derive_join(struct derivation *d, const char *text, const char *separator, const char *more)
{
	if (text == NULL || *text == '\0')
		return arena_strdup(d->arena, more);
	return derive_text(d, "%s%s%s", text, separator, more);
}
