/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit that a peer can run into, named with its unit. Both ends include this file, so a
 * number here is part of the contract: what the agent may collect and what the server accepts.
 */
#ifndef PLIMSOLL_PROTO_LIMITS_H
#define PLIMSOLL_PROTO_LIMITS_H

/* the wire */
#define LIMIT_BODY_BYTES         (8u << 20)  /* a request body, compressed or not */
#define LIMIT_REPORT_BYTES       (16u << 20) /* a report after decompression */
#define LIMIT_REPLY_BYTES        (64u << 10) /* a server's answer */
#define LIMIT_UNPACK_ARENA_BYTES (64u << 20) /* memory that one unpacked report may take */
#define LIMIT_MESSAGES           2000000u    /* sub-messages and list members of one report */
#define LIMIT_STRING_BYTES       (64u << 10) /* any one string of a report */

/* the collector */
#define LIMIT_API_BODY_BYTES     (8u << 20)
#define LIMIT_API_CALL_MS        10000
#define LIMIT_API_TOTAL_MS       60000
#define LIMIT_API_CONNECTIONS    4
#define LIMIT_ENGINE_FACTS_BYTES (48u << 20) /* memory of all rows from the Engine */
#define LIMIT_IMAGE_CACHE_BYTES  (8u << 20)  /* the agent's file of image rows */
#define LIMIT_CONTAINERS         4096u
#define LIMIT_IMAGES             2048u
#define LIMIT_IMAGE_HISTORY      1024u
#define LIMIT_NETWORKS           4096u
#define LIMIT_VOLUMES            16384u
#define LIMIT_SERVICES           4096u
#define LIMIT_NODES              4096u
#define LIMIT_LIST_MEMBERS       4096u /* capabilities, mounts, ports, ... of one container */
#define LIMIT_PROCESSES          200000u
#define LIMIT_CERT_FILES         256u
#define LIMIT_AUDIT_RULES        8192u
#define LIMIT_AUDIT_TEXT_BYTES   (1u << 20)
#define LIMIT_AUDIT_RAW_BYTES    512u
#define LIMIT_FILE_BYTES         (1u << 20) /* a configuration file */
#define LIMIT_PROC_FILE_BYTES    (2u << 20) /* a file of /proc */
#define LIMIT_HISTORY_TEXT_BYTES 2048u
#define LIMIT_DETAIL_BYTES       200u        /* Fetch.detail */
#define LIMIT_MOUNT_TABLE_BYTES  (16u << 20) /* text of the mount table */
#define LIMIT_PATH_ALIASES       4096u       /* other names of what containers mount */
#define LIMIT_HOST_ROUNDS        4u
#define LIMIT_HOST_BATCH_MS      30000
#define LIMIT_HOST_ASIDE_MS      3000 /* for paths on file systems that may never answer */

/* agentless */
#define LIMIT_SSH_CONNECT_MS    20000        /* TCP, key exchange, authentication */
#define LIMIT_SSH_TOTAL_MS      180000       /* one machine, all of it */
#define LIMIT_SSH_NOISE_BYTES   (64u << 10)  /* what login files may print before the first mark */
#define LIMIT_SSH_WORDS_BYTES   (4u << 10)   /* stderr that is kept */
#define LIMIT_SSH_CHILD_BYTES   (256u << 10) /* what `ssh -G` and its like may write */
#define LIMIT_SSH_ROUND_BYTES   (64u << 20)  /* answers of one round */
#define LIMIT_SSH_CONNECTIONS   8u           /* to an Engine behind a long way */
#define LIMIT_SSH_STREAMS       16u          /* of one connection, at a time */
#define LIMIT_SSH_OPEN_MS       20000        /* a server's answer to one more stream */
#define LIMIT_SSH_SILENCE_MS    45000        /* of the server, though it was asked every 15 s */
#define LIMIT_SSH_WINDOW_BYTES  (1u << 20)   /* of one stream, not yet taken by its reader */
#define LIMIT_SSH_CLIENT_BYTES  (64u << 20)  /* memory of one connection */
#define LIMIT_SSH_ADDRESSES     16u          /* of one name that are tried */
#define LIMIT_SSH_KEY_BYTES     (64u << 10)  /* file of a private key */
#define LIMIT_KNOWN_HOSTS_BYTES (64u << 20)  /* one file */
#define LIMIT_SWEEP_JOBS        256u
#define LIMIT_SWEEP_TARGETS     200000u
#define LIMIT_INVENTORY_BYTES   (32u << 20)

/* the agent's spool */
#define LIMIT_SPOOL_REPORTS 168u        /* unsent reports: a week of hourly ones */
#define LIMIT_SPOOL_BYTES   (64u << 20) /* their sum */
#define LIMIT_SPOOL_BAD     8u          /* files set aside for a look */
#define LIMIT_RETRY_AFTER_S 3600        /* how long a server may put an agent off */

/* the evaluator */
#define LIMIT_CATALOGUE_BYTES  (4u << 20) /* one YAML file */
#define LIMIT_CHECKS           2000u
#define LIMIT_CUSTOM_QUERY_MS  100 /* a check that is not built in */
#define LIMIT_BUILTIN_QUERY_MS 20000
#define LIMIT_QUERY_ROWS       20000u /* items of one check */
#define LIMIT_ITEM_TEXT_BYTES  1024u
#define LIMIT_EVALUATION_BYTES (64u << 20) /* beyond it items are counted, not listed */
#define LIMIT_SQL_BYTES        (16u << 10)

#endif
