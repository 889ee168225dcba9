/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's configuration: the table over the YAML file, and what the program makes of it
 * (parsed identities, paths relative to the file, keys read from their files).
 */
#ifndef MS_UE_CONFIG_H
#define MS_UE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/profile.h"
#include "core/secret.h"
#include "core/time.h"
#include "daemon/config.h"
#include "mikey/pk.h"
#include "ue/policy.h"

/** Protection to the edge of the network (TS 33.328 clause 7.2.1): is it there? */
enum ms_ue_e2ae {
	MS_UE_E2AE_OFF,
	MS_UE_E2AE_ASK, /* asked for without having announced it, as RCS clients do */
	MS_UE_E2AE_REGISTERED, /* announced at registration, asked for where the network announced it too */
};

/** How sessions of ours are protected. */
enum ms_ue_protection {
	MS_UE_E2E,  /* keys from the KMS: nobody in between can read */
	MS_UE_E2AE, /* TLS with certificates up to the network's edge */
	MS_UE_PLAIN,
};

/** What becomes of messages that cannot be told from a replay. */
enum ms_ue_forgotten { MS_UE_FORGOTTEN_REFUSE, MS_UE_FORGOTTEN_SHOW };

enum ms_ue_setup { MS_UE_SETUP_AUTO, MS_UE_SETUP_ACTIVE, MS_UE_SETUP_PASSIVE };

struct ms_ue_config_contact {
	const char *name, *uri;
};

/** As the file has it; texts are owned by the configuration. */
struct ms_ue_config {
	const char *identity, *display_name;
	struct {
		const char *proxy, *address, *auth_user, *password_file, *registrar;
		const char *ca_file, *server_name;
		unsigned transport; /* enum ms_sip_transport */
		uint64_t port;
		ms_usec expires;
	} sip;
	struct {
		const char *url, *identity, *psk_id, *psk_file, *ca_file;
		const char *certificate, *private_key, *server_certificate;
		ms_usec timeout;
	} kms;
	struct {
		const char *file;
		ms_usec lifetime; /* 0: the profile's */
		ms_usec renew_ahead;
		uint64_t max;
	} tickets;
	struct {
		const char *address, *certificate;
		uint64_t port_min, port_max, collect, max_size;
		unsigned setup;    /* enum ms_ue_setup */
		unsigned e2ae;     /* enum ms_ue_e2ae */
		unsigned outgoing; /* enum ms_ue_protection */
		ms_usec connect_limit, idle_limit;
	} media;
	struct {
		unsigned peer;       /* enum ms_ue_peer_policy */
		unsigned chat, file; /* enum ms_ue_answer */
		bool plain_message, unverified_message, plain_media, diversion;
	} policy;
	struct {
		unsigned algorithm; /* enum ms_aead_alg */
		bool base64, ask_delivery, tell_delivery, prove, check_proof;
		const char *proof_file;
		uint64_t max_size, proof_max;
		const char *list_service; /* "": none */
		bool protect_list;
	} message;
	struct {
		uint64_t messages_per_day;
		ms_usec offline_limit;
		unsigned forgotten; /* enum ms_ue_forgotten */
	} replay;
	struct {
		const char *directory;
		uint64_t max_size, retries;
		ms_usec retry_pause;
	} files;
	struct {
		uint64_t sessions, pending, caller;
		ms_usec answer; /* how long a call rings */
	} limits;
	struct {
		const char *key_log, *trace;
	} lab;
	struct ms_config_list contacts; /* of struct ms_ue_config_contact */
	struct ms_profile profile;
};

extern const struct ms_config_field ms_ue_config_fields[];

/** The configuration, made ready. Owned. */
struct ms_ue_settings {
	struct ms_config *file;            /* owned */
	const struct ms_ue_config *config; /* borrowed from `file` */
	struct ms_keys_identity identity;
	struct ms_keys_identity kms;
	struct ms_ue_contacts contacts;
	struct ms_ue_policy policy;
	struct ms_secret psk; /* with a credential: made from its key, for the ticket file */
	struct ms_mikey_credential *credential; /* owned; NULL: a pre-shared key is used */
	unsigned retries;                       /* files.retries, unless a command says otherwise */
	char *password;                         /* owned, wiped; NULL if none */
	char *ticket_file;                      /* owned paths, NULL if not configured */
	char *proof_file, *directory, *sip_ca, *kms_ca, *key_log, *trace, *certificate;
};

/**
 * Loads and checks the file and reads the key and password files it names. Returns 0, or negative
 * errno with *ret_error filled (file, line, key).
 */
MS_MUST_CHECK int ms_ue_settings_load(const char *path, struct ms_ue_settings **ret_s,
				      struct ms_config_error *ret_error);

/** Wipes and frees. NULL is fine. Returns NULL. */
struct ms_ue_settings *ms_ue_settings_free(struct ms_ue_settings *s);

#endif
