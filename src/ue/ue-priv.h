/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the user agent: what its parts share. */
#ifndef MS_UE_UE_PRIV_H
#define MS_UE_UE_PRIV_H

#include <stdio.h>

#include "core/fault.h"
#include "core/list.h"
#include "keys/kms-client.h"
#include "keys/replay.h"
#include "keys/smime.h"
#include "keys/ticket-cache.h"
#include "loop/addr.h"
#include "loop/loop.h"
#include "mikey/incoming.h"
#include "mikey/party.h"
#include "mime/cpim.h"
#include "sip/account.h"
#include "sip/session.h"
#include "tls/tls.h"
#include "ue/ue.h"

#define MS_UE_MESSAGE_ID_LEN 24
#define MS_UE_ASKED_MAX 32 /* messages of ours whose notification is waited for */

/** A message whose recipient was asked for a notification; id "": none. */
struct ms_ue_asked {
	char id[MS_UE_MESSAGE_ID_LEN + 1];
	struct ms_keys_identity to;
};

struct ms_ue {
	const struct ms_ue_settings *settings; /* borrowed */
	struct ms_ue_sink sink;

	struct ms_sip *sip;             /* owned */
	struct ms_sip_account *account; /* owned */
	struct ms_addr proxy;           /* set if its host is a literal */
	struct ms_addr media;           /* where MSRP listens, without port */

	struct ms_keys_kms *kms;       /* owned */
	struct ms_keys_cache *tickets; /* owned */
	struct ms_keys_replay *replay; /* owned */
	bool tickets_broken;           /* the file could not be read: do not overwrite it */

	struct ms_mikey_clock clock;
	struct ms_mikey_local local[2]; /* by enum ms_keys_ticket_kind */
	struct ms_mikey_party party[2];
	struct ms_tls_context *tls;             /* owned */
	struct ms_tls_certificate *certificate; /* a reference; NULL without e2ae */
	/* Its fingerprints, as they stand in a session description. */
	char fingerprint[2][MS_TLS_FINGERPRINT_TEXT_MAX + 1];
	size_t n_fingerprints;

	struct ms_list asking;    /* key management exchanges: struct ms_ue_asking */
	struct ms_list sending;   /* messages on their way out */
	struct ms_list receiving; /* messages that wait for the KMS */
	size_t n_sending, n_receiving;
	struct ms_ue_asked asked[MS_UE_ASKED_MAX]; /* a ring */
	size_t n_asked;                            /* ever */
	struct ms_list calls;                      /* struct ms_ue_call, the newest last */
	size_t n_calls;
	unsigned last_session;
	bool stopping;

	FILE *trace, *key_log; /* owned; NULL if off */
};

/** Tells an event. */
void ms_ue_tell(const struct ms_ue *ue, const struct ms_ue_event *e);

/** Tells a warning for people. */
void ms_ue_warn(const struct ms_ue *ue, const char *fmt, ...) MS_PRINTF(2, 3);

/* ---- ue-open.c ---- */

/** Opens everything that `settings` says; what was opened before an error is left to ms_ue_free(). */
MS_MUST_CHECK int ms_ue_open(struct ms_ue *ue, struct ms_buf *error);

/* ---- certificate.c ---- */

/** Loads our certificate, or makes it, and gives it to ue->tls. */
MS_MUST_CHECK int ms_ue_certificate_open(struct ms_ue *ue, struct ms_buf *error);

/* ---- ue.c ---- */

/** What the SIP stack calls; `arg` is the user agent. */
extern const struct ms_sip_handlers ms_ue_sip_handlers;

/** Words for an error of SIP: if a certificate was refused, why. Static. */
const char *ms_ue_sip_error(const struct ms_ue *ue, int err);

/* ---- identities of requests ---- */

/** Who a request says it is from. */
struct ms_ue_sender {
	struct ms_keys_identity from; /* From; "" if it is no identity */
	struct ms_keys_identity
		asserted; /* P-Asserted-Identity; "" if the network does not say it */
};

struct ms_ue_sender ms_ue_sender_of(const struct ms_ue *ue, const struct ms_sip_message *m);

/** Where what SIP says is another than whom the KMS vouches for: words for people; else empty. */
struct ms_span ms_ue_sender_differs(const struct ms_ue_sender *s, struct ms_span peer);

/* ---- ticket.c: asking the KMS ---- */

/** Why a key exchange did not come about. */
struct ms_ue_failure {
	int err;
	const char *reason; /* static, a counter's name */
	unsigned status;    /* HTTP, or MIKEY error number + 1000; 0 */
	bool unreachable;   /* the KMS did not answer: trying again later may help */
	char detail[256];   /* for people */
};

struct ms_ue_asking; /* an exchange under way */

/** `held` is borrowed from the cache, or NULL and `why` says it. */
typedef void ms_ue_ticket_f(struct ms_mikey_ticket_held *held, const struct ms_ue_failure *why,
			    void *arg);

/** Resolvers of a ticket for `called`: joined into `b`. */
void ms_ue_ticket_resolvers(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
			    struct ms_span called, bool only_called, struct ms_buf *b);

/** A ticket from the cache, borrowed, told as an event; NULL if none fits. */
struct ms_mikey_ticket_held *ms_ue_ticket_cached(struct ms_ue *ue, enum ms_keys_ticket_kind kind,
						 struct ms_span resolvers);

/** Asks for a ticket with one resolver (a URI or a pattern). The handler is called once, later. */
MS_MUST_CHECK int ms_ue_ticket_request(struct ms_ue *ue, enum ms_keys_ticket_kind kind,
				       struct ms_span resolver, ms_ue_ticket_f *handler, void *arg,
				       struct ms_ue_asking **ret_asking);

/** `why` is NULL if the message is verified. */
typedef void ms_ue_resolve_f(const struct ms_ue_failure *why, void *arg);

/**
 * Verifies a TRANSFER_INIT with a cached resolve (then *ret_asking is NULL and the result is what is
 * returned: 0 or negative errno with *fault) or asks the KMS, and the handler is called once, later.
 */
MS_MUST_CHECK int ms_ue_resolve(struct ms_ue *ue, struct ms_mikey_incoming *incoming,
				ms_ue_resolve_f *handler, void *arg, struct ms_fault *fault,
				struct ms_ue_asking **ret_asking);

/** The handler will not be called. NULL is fine. Returns NULL. */
struct ms_ue_asking *ms_ue_asking_cancel(struct ms_ue_asking *a);

/** Writes the cache to its file, if there is one. */
void ms_ue_tickets_save(const struct ms_ue *ue);

/** fault-text.c: words for a fault of MIKEY, CMS or SDP, for people. Static. */
const char *ms_ue_fault_text(const struct ms_fault *f);

/* ---- message.c ---- */

/** A MESSAGE that came. Answers it, now or later. */
void ms_ue_message_receive(struct ms_ue *ue, const struct ms_sip_message *m);

/** What one kind of exchange needs of S/MIME. */
struct ms_keys_smime ms_ue_smime_of(struct ms_ue *ue);

/** Ends all under way. */
void ms_ue_sendings_stop(struct ms_ue *ue);
void ms_ue_messages_stop(struct ms_ue *ue);

/* ---- notification.c ---- */

/**
 * Appends `content` in a CPIM wrapper that asks for a delivery notification; its id is made.
 * -EMSGSIZE, -ENOMEM, or what the random source says.
 */
MS_MUST_CHECK int ms_ue_notification_ask(struct ms_ue *ue, const struct ms_keys_identity *to,
					 const struct ms_mime_out *content, struct ms_buf *cpim,
					 char ret_id[static MS_UE_MESSAGE_ID_LEN + 1]);

/** A verified message was shown: tells its sender, if the sender asked and the configuration lets us. */
void ms_ue_notification_tell(struct ms_ue *ue, const struct ms_keys_identity *sender,
			     const struct ms_cpim *about);

/** A verified notification: event message-delivered. -EBADMSG; -EPERM, nobody asked; with *f. */
MS_MUST_CHECK int ms_ue_notification_take(struct ms_ue *ue, const struct ms_keys_identity *sender,
					  struct ms_span xml, struct ms_fault *f);

/* ---- call.c ---- */

/** A call that came. */
void ms_ue_call_receive(struct ms_ue *ue, struct ms_sip_session *s, const struct ms_sip_message *m);

/** The registration has an outcome: calls that wait for it begin, or fail. */
void ms_ue_calls_registered(struct ms_ue *ue);

/** Ends all at once. */
void ms_ue_calls_stop(struct ms_ue *ue);

/* ---- answers ---- */

/** Replies with a Warning header (code 306 or 399) if `text` is not NULL. */
void ms_ue_reply(struct ms_ue *ue, const struct ms_sip_message *m, unsigned status,
		 unsigned warning, const char *text);

/** Room for a Warning header's value. */
#define MS_UE_WARNING_MAX 512

/** Formats `code host "text"` (RFC 3261 section 20.43). Returns dst. */
char *ms_ue_warning_put(const struct ms_ue *ue, unsigned code, const char *text,
			char dst[static MS_UE_WARNING_MAX]);

#endif
