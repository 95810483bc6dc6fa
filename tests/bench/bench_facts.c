/* SPDX-License-Identifier: Apache-2.0 */
/* See bench_facts.h. */
#include "tests/bench/bench_facts.h"

#include "proto/wire.h"

enum { MOUNTS = 3, PORTS = 2, FILES = 77 };

static char *text(struct arena *arena, const char *format, size_t n)
{
	return arena_printf(arena, "%s%zu", format, n);
}

#define NEW(arena, type, init)                                                                     \
	__extension__({                                                                            \
		type *new_message = arena_calloc((arena), 1, sizeof(type));                        \
		const type new_init = init;                                                        \
		*new_message = new_init;                                                           \
		new_message;                                                                       \
	})

static Plimsoll__ContainerMount *make_mount(struct arena *arena, size_t n)
{
	Plimsoll__ContainerMount *mount =
		NEW(arena, Plimsoll__ContainerMount, PLIMSOLL__CONTAINER_MOUNT__INIT);

	mount->type = arena_strdup(arena, n == 0 ? "bind" : "volume");
	mount->source = text(arena, "/srv/data", n);
	mount->source_real = mount->source;
	WIRE_SET(mount, source_status, PLIMSOLL__FILE__STATUS__OK);
	mount->destination = text(arena, "/data", n);
	WIRE_SET(mount, rw, true);
	mount->propagation = arena_strdup(arena, "rprivate");
	return mount;
}

static Plimsoll__ContainerPort *make_port(struct arena *arena, size_t n)
{
	Plimsoll__ContainerPort *port =
		NEW(arena, Plimsoll__ContainerPort, PLIMSOLL__CONTAINER_PORT__INIT);

	WIRE_SET(port, origin, PLIMSOLL__CONTAINER_PORT__ORIGIN__LIVE);
	WIRE_SET(port, port, 8080 + (int64_t)n);
	port->proto = arena_strdup(arena, "tcp");
	port->host_ip = arena_strdup(arena, "0.0.0.0");
	port->host_port = text(arena, "80", n);
	return port;
}

static void add_lists(Plimsoll__Container *container, struct arena *arena)
{
	container->n_mount = MOUNTS;
	container->mount = arena_calloc(arena, MOUNTS, sizeof(*container->mount));
	for (size_t i = 0; i < MOUNTS; i++)
		container->mount[i] = make_mount(arena, i);
	container->n_port = PORTS;
	container->port = arena_calloc(arena, PORTS, sizeof(*container->port));
	for (size_t i = 0; i < PORTS; i++)
		container->port[i] = make_port(arena, i);
}

static Plimsoll__Container *make_container(struct arena *arena, size_t n)
{
	Plimsoll__Container *container = NEW(arena, Plimsoll__Container, PLIMSOLL__CONTAINER__INIT);

	container->id = arena_printf(arena, "%064zx", n + 1);
	container->name = text(arena, "container", n);
	container->state = arena_strdup(arena, "running");
	WIRE_SET(container, pid, 1000 + (int64_t)n);
	WIRE_SET(container, privileged, n % 7 == 0);
	WIRE_SET(container, readonly_rootfs, n % 2 == 0);
	WIRE_SET(container, memory, n % 3 == 0 ? 0 : 64 << 20);
	WIRE_SET(container, pids_limit, 100);
	WIRE_SET(container, cpu_shares, 0);
	WIRE_SET(container, publish_all, false);
	container->user = arena_strdup(arena, "1000");
	container->net_mode = arena_strdup(arena, "bridge");
	container->pid_mode = arena_strdup(arena, "");
	container->ipc_mode = arena_strdup(arena, "private");
	container->uts_mode = arena_strdup(arena, "");
	container->userns_mode = arena_strdup(arena, "");
	container->restart_name = arena_strdup(arena, "always");
	container->health_test0 = arena_strdup(arena, "CMD");
	container->service_id = arena_strdup(arena, "");
	WIRE_SET(container, inspect_status, PLIMSOLL__FETCH__STATUS__OK);
	add_lists(container, arena);
	return container;
}

static Plimsoll__File *make_file(struct arena *arena, size_t n)
{
	Plimsoll__File *file = NEW(arena, Plimsoll__File, PLIMSOLL__FILE__INIT);

	WIRE_SET(file, role, (Plimsoll__File__Role)(1 + n % 27));
	file->path = text(arena, "/etc/docker/file", n);
	file->real = file->path;
	WIRE_SET(file, type, PLIMSOLL__FILE__TYPE__FILE);
	WIRE_SET(file, uid, 0);
	WIRE_SET(file, gid, 0);
	WIRE_SET(file, mode, 0644);
	WIRE_SET(file, status, PLIMSOLL__FILE__STATUS__OK);
	return file;
}

static Plimsoll__Fetch *make_fetch(struct arena *arena, const char *group)
{
	Plimsoll__Fetch *fetch = NEW(arena, Plimsoll__Fetch, PLIMSOLL__FETCH__INIT);

	fetch->source = arena_printf(arena, "GET /%s", group);
	fetch->group = arena_strdup(arena, group);
	WIRE_SET(fetch, status, PLIMSOLL__FETCH__STATUS__OK);
	return fetch;
}

static Plimsoll__Engine *make_engine(struct arena *arena)
{
	Plimsoll__Engine *engine = NEW(arena, Plimsoll__Engine, PLIMSOLL__ENGINE__INIT);

	WIRE_SET(engine, kind, PLIMSOLL__ENGINE__KIND__DOCKER);
	WIRE_SET(engine, rootless, false);
	engine->version = arena_strdup(arena, "28.5.2");
	engine->os_type = arena_strdup(arena, "linux");
	engine->swarm_state = arena_strdup(arena, "inactive");
	WIRE_SET(engine, memory_limit, true);
	WIRE_SET(engine, pids_limit, true);
	return engine;
}

Plimsoll__Facts *bench_facts(struct arena *arena, size_t containers)
{
	static const char *const groups[] = {"engine", "container", "image", "network", "file"};
	Plimsoll__Facts *facts = NEW(arena, Plimsoll__Facts, PLIMSOLL__FACTS__INIT);

	facts->engine = make_engine(arena);
	facts->n_fetch = G_N_ELEMENTS(groups);
	facts->fetch = arena_calloc(arena, facts->n_fetch, sizeof(*facts->fetch));
	for (size_t i = 0; i < facts->n_fetch; i++)
		facts->fetch[i] = make_fetch(arena, groups[i]);
	facts->n_file = FILES;
	facts->file = arena_calloc(arena, FILES, sizeof(*facts->file));
	for (size_t i = 0; i < FILES; i++)
		facts->file[i] = make_file(arena, i);
	facts->n_container = containers;
	facts->container = arena_calloc(arena, containers + 1, sizeof(*facts->container));
	for (size_t i = 0; i < containers; i++)
		facts->container[i] = make_container(arena, i);
	return facts;
}
