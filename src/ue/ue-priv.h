/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the user agent: what its parts share. */
#ifndef MS_UE_UE_PRIV_H
#define MS_UE_UE_PRIV_H

#include <stdio.h>

#include "core/fault.h"
#include "core/list.h"
#include "keys/keyring.h"
#include "keys/kms-client.h"
#include "keys/replay.h"
#include "keys/smime.h"
#include "loop/addr.h"
#include "loop/loop.h"
#include "mikey/incoming.h"
#include "mime/cpim.h"
#include "mime/resource-lists.h"
#include "sip/account.h"
#include "sip/session.h"
#include "tls/tls.h"
#include "ue/proof.h"
#include "ue/ue.h"

#define MS_UE_MESSAGE_ID_LEN 24
#define MS_UE_ASKED_MAX \
	128 /* recipients whose notification is waited for, of all messages of ours */

/** A recipient of a message of ours who was asked for a notification; id "": none. */
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

	struct ms_keys_kms *kms;       /* owned; NULL: there is no KMS */
	struct ms_keys_ring *keys;     /* owned */
	struct ms_keys_replay *replay; /* owned */

	struct ms_tls_context *tls;             /* owned */
	struct ms_tls_certificate *certificate; /* a reference; NULL without e2ae */
	/* Its fingerprints, as they stand in a session description. */
	char fingerprint[2][MS_TLS_FINGERPRINT_TEXT_MAX + 1];
	size_t n_fingerprints;

	struct ms_ue_checking *checking; /* a proof of origin for which the KMS is asked; or NULL */
	struct ms_list sending;          /* messages on their way out */
	struct ms_list receiving;        /* messages that wait for the KMS */
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

/* ---- ticket.c ---- */

/** Opens the KMS's client and the keyring. */
MS_MUST_CHECK int ms_ue_keys_open(struct ms_ue *ue, struct ms_buf *error);

/** Who may resolve a ticket for `called`: one identity or pattern, into `b`. */
void ms_ue_ticket_resolver(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
			   struct ms_span called, bool only_called, struct ms_buf *b);

/** fault-text.c: words for a fault of keys or of a session, for people. Static. */
const char *ms_ue_fault_text(const struct ms_fault *f);

/* ---- message.c ---- */

/** A MESSAGE that came. Answers it, now or later. */
void ms_ue_message_receive(struct ms_ue *ue, const struct ms_sip_message *m);

/** What one kind of exchange needs of S/MIME. */
struct ms_keys_smime ms_ue_smime_of(struct ms_ue *ue);

/** Ends all under way. */
void ms_ue_sendings_stop(struct ms_ue *ue);
void ms_ue_messages_stop(struct ms_ue *ue);

/* ---- proof-check.c ---- */

/** Forgets the proof that is being checked. */
void ms_ue_checking_stop(struct ms_ue *ue);

/* ---- message-many.c ---- */

/** Most recipients of one message. */
#define MS_UE_MANY_MAX 1000

/** Several recipients of one message; all-zero: there is one. */
struct ms_ue_many {
	struct ms_keys_identity *id;     /* owned */
	struct ms_resource_entry *entry; /* owned; URIs into `id` */
	struct ms_span *uri;             /* owned; likewise */
	size_t n;
	struct ms_buf shown; /* joined by ", " */
};

void ms_ue_many_done(struct ms_ue_many *m);

/** Has it a comma? */
bool ms_ue_many_is(struct ms_span who);

/** "bob,cc:carol,bcc:sip:dave@example.org". -EINVAL, -E2BIG, -ENOMEM; to be done() in any case. */
MS_MUST_CHECK int ms_ue_many_parse(const struct ms_ue *ue, struct ms_span who,
				   struct ms_ue_many *m);

struct ms_ue_many_parts {
	struct ms_span object; /* protected for the recipients */
	struct ms_span list;   /* protected for the service; empty: the list goes plain */
	const char *smime_type;
};

/** Appends the list as a MIME entity, to be protected for the service. */
void ms_ue_many_put_list(const struct ms_ue_many *m, struct ms_buf *entity);

/** Appends the body, multipart/mixed of the protected object and the list, and its Content-Type. */
MS_MUST_CHECK int ms_ue_many_put(const struct ms_ue_many *m, const struct ms_ue_many_parts *p,
				 struct ms_buf *type, struct ms_buf *body);

/* ---- message-others.c ---- */

struct ms_ue_others; /* who else got a message; owned */

/** NULL is fine. Returns NULL. */
struct ms_ue_others *ms_ue_others_free(struct ms_ue_others *o);

/**
 * Finds the protected message in a multipart body, and the protected list of who got it, whose body.p is
 * NULL if there is none. -ENOENT: no protected message; -EBADMSG, -EMSGSIZE.
 */
MS_MUST_CHECK int ms_ue_others_split(const struct ms_mime_value *type, struct ms_span body,
				     struct ms_mime_entity *ret_message,
				     struct ms_mime_entity *ret_history);

/** Copies the list. -ENOMEM, -EMSGSIZE, -EBADMSG. */
MS_MUST_CHECK int ms_ue_others_new(struct ms_ue *ue, const struct ms_mime_entity *history,
				   struct ms_ue_others **ret_o);

/** Opens it, perhaps with the help of the KMS: true, done() follows. False: it is over already. */
bool ms_ue_others_ask(struct ms_ue_others *o, void (*done)(void *arg), void *arg);

/** Recipients joined by ", "; empty if it could not be read, and for NULL. Borrowed. */
struct ms_span ms_ue_others_text(const struct ms_ue_others *o);

/* ---- notification.c ---- */

/**
 * Appends `content` in a CPIM wrapper for `to` that asks for a delivery notification; its id is made.
 * `n` (at most MS_UE_ASKED_MAX) are believed when they tell: `to`, or the recipients behind a service.
 */
MS_MUST_CHECK int ms_ue_notification_ask(struct ms_ue *ue, const struct ms_keys_identity *to,
					 const struct ms_keys_identity *whom, size_t n,
					 const struct ms_mime_out *content, struct ms_buf *cpim,
					 char ret_id[static MS_UE_MESSAGE_ID_LEN + 1]);

/** A verified message was shown: tells its sender, if the sender asked and the configuration lets us. */
void ms_ue_notification_tell(struct ms_ue *ue, const struct ms_keys_identity *sender,
			     const struct ms_cpim *about);

/** Is it a notification, or several (RFC 5438 section 9)? */
bool ms_ue_notification_is(const struct ms_mime_entity *e);

/** Verified notifications: events message-delivered. -EBADMSG; -EPERM, nobody asked; with *f. */
MS_MUST_CHECK int ms_ue_notification_take(struct ms_ue *ue, const struct ms_keys_identity *sender,
					  const struct ms_mime_entity *e, struct ms_fault *f);

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
