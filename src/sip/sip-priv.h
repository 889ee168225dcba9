/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the sip module. The layers, bottom up: libre (transports, transactions, parser) <- stack
 * and receive <- transaction (one request with its repetitions for digest, redirection, transport)
 * <- dialog <- session, subscription, notifier; account and registration beside them.
 */
#ifndef MS_SIP_SIP_PRIV_H
#define MS_SIP_SIP_PRIV_H

#include "core/hash.h"
#include "core/list.h"
#include "core/secret.h"
#include "loop/loop.h"
#include "loop/re.h"
#include "sip/account.h"
#include "sip/event.h"
#include "sip/session.h"
#include "sip/stack.h"
#include "sip/text-priv.h"

/** RFC 3261 section 17.1.1.1. */
#define MS_SIP_T1 (500 * MS_MSEC)
#define MS_SIP_T2 (4 * MS_SEC)
#define MS_SIP_TIMER_F (64 * MS_SIP_T1)

/** Longest From, To, Route, URI ... that is written, octets. */
#define MS_SIP_VALUE_MAX 4096

/** Random part of tags and Call-IDs, in characters with the NUL. */
#define MS_SIP_TOKEN_SIZE 33

#define MS_SIP_MAX_BINDS 16

struct ms_sip_dialog;

struct ms_sip {
	struct sip *sip;
	struct sip_lsnr *requests, *responses;
	struct tls *tls;
	struct dnsc *dnsc;
	struct ms_sip_limits limits;
	struct ms_sip_handlers handlers;
	void *arg;
	char *user_agent;
	char *server_name;
	const char *tls_refusal; /* static; why the last certificate was refused */
	struct {
		enum ms_sip_transport transport;
		struct sa address;
	} bind[MS_SIP_MAX_BINDS];
	size_t n_binds;
	struct {
		const void *sock; /* libre's, only compared */
		struct udp_helper *helper;
	} guard[MS_SIP_MAX_BINDS];
	struct ms_hash *dialogs; /* Call-ID and local tag -> struct ms_sip_dialog */
	struct ms_list accounts, transactions, sessions, subscriptions, notifiers, pending;
	size_t n_sessions, n_subscriptions, n_pending;
	const void
		*offered; /* the session or notifier inside handlers.invite/subscribe; NULL: gone */
	bool closing;
	struct ms_timer patience, poll;
	void (*done)(void *arg);
	void *done_arg;
	uint64_t counter[MS_SIP_COUNTERS];
};

/* ---- message.c ---- */

static inline const struct sip_msg *ms_sip_raw(const struct ms_sip_message *m)
{
	return (const struct sip_msg *)(const void *)m;
}
static inline const struct ms_sip_message *ms_sip_cooked(const struct sip_msg *m)
{
	return (const struct ms_sip_message *)(const void *)m;
}
static inline struct ms_span ms_sip_span(const struct pl *pl)
{
	return ms_span_of(pl->p, pl->p ? pl->l : 0);
}

/** Only a message that can be answered or matched: RFC 3261 section 8.1.1. NULL if it is fine. */
const char *ms_sip_message_fault(const struct sip_msg *m, size_t body_max);

/* ---- stack.c ---- */

void ms_sip_count(struct ms_sip *sip, enum ms_sip_counter c);

/** A random token, NUL-terminated. */
MS_MUST_CHECK int ms_sip_token(char dst[static MS_SIP_TOKEN_SIZE]);

bool ms_sip_has_transport(const struct ms_sip *sip, enum ms_sip_transport t);

enum sip_transp ms_sip_transp(enum ms_sip_transport t);

/** libre's positive errno as ours; EPROTONOSUPPORT becomes -EAFNOSUPPORT. */
int ms_sip_error(int re_err);

/* ---- tls.c ---- */

/** A context that verifies servers; -EINVAL and a sentence in `error` if a file is unusable. */
MS_MUST_CHECK int ms_sip_tls_new(struct ms_sip *sip, const struct ms_sip_tls *config,
				 struct ms_buf *error, struct tls **ret_tls);

/* ---- write.c ---- */

/** "Name: value\r\n"; fails with -EINVAL for CR, LF, NUL in the value or no token as name. */
void ms_sip_put_header(struct ms_buf *b, const char *name, struct ms_span value);

/** The headers, Content-Type, Content-Length, the empty line and the body. `c` may be NULL. */
void ms_sip_put_content(struct ms_buf *b, const struct ms_sip *sip, const struct ms_sip_content *c);

/** "Contact: <sip:user@address;transport=..>" with `params` behind, and CRLF. */
void ms_sip_put_contact(struct ms_buf *b, const char *user, const struct sa *laddr,
			enum sip_transp tp, const char *params);

/** A URI or name-addr as header value: a URI gets <> around it. */
void ms_sip_put_address(struct ms_buf *b, const char *text);

/** Largest message head with body. */
size_t ms_sip_buffer_max(const struct ms_sip *sip);

/* ---- receive.c ---- */

/** A request that waits for its answer. */
struct ms_sip_pending {
	struct ms_list link;
	struct ms_sip *sip;
	const struct sip_msg *msg; /* referenced */
	struct sip_strans *st;
	struct ms_timer timer;
};

bool ms_sip_receive_request(const struct sip_msg *m, void *arg);
bool ms_sip_receive_response(const struct sip_msg *m, void *arg);

/** Drops what is no SIP before libre prints a line about it. */
void ms_sip_guard(struct ms_sip *sip, const struct sip_msg *m);
void ms_sip_guard_done(struct ms_sip *sip);

struct ms_sip_stream; /* stands before libre on one connection */

/**
 * Guards the connection that `m` came by, from the next message on; `s` is what guarded until now, or
 * NULL. NULL if there is none. The caller has a keep-alive on the connection, which tells its end.
 */
struct ms_sip_stream *ms_sip_stream_guard(struct ms_sip_stream *s, struct ms_sip *sip,
					  const struct sip_msg *m);

/** The connection has gone. NULL is fine. Returns NULL. */
struct ms_sip_stream *ms_sip_stream_lost(struct ms_sip_stream *s);

/** Guards no more, while the connection is there. NULL is fine. Returns NULL. */
struct ms_sip_stream *ms_sip_stream_free(struct ms_sip_stream *s);

/** Takes charge of a request outside of INVITE so that repetitions are absorbed. */
MS_MUST_CHECK int ms_sip_pend(struct ms_sip *sip, const struct sip_msg *m);

void ms_sip_pending_free(struct ms_sip_pending *p);

/** Answers without ado. */
void ms_sip_refuse(struct ms_sip *sip, const struct sip_msg *m, unsigned status);

/** Answers a request with a Contact of ours. `st` may be NULL, or its transaction; `ret_mb` as in libre. */
MS_MUST_CHECK int ms_sip_answer(struct ms_sip *sip, struct sip_strans **st, struct mbuf **ret_mb,
				const struct sip_msg *m, unsigned status, const char *reason,
				const char *contact_user, const char *more,
				const struct ms_sip_content *c);

/* ---- account.c ---- */

/** A challenge of a server, kept to answer further ones at once. */
struct ms_sip_realm {
	struct ms_list link;
	char *realm, *nonce, *opaque;
	bool proxy;        /* Proxy-Authenticate */
	bool for_register; /* asked for in REGISTER: its answer goes into no other request */
	const void *owner; /* the transaction it was taken in; only compared */
	bool sha256, sess;
	bool qop_auth;
	uint32_t nc;
};

struct ms_sip_routes {
	char **uri; /* owned; header values with <> */
	size_t n;
};
void ms_sip_routes_done(struct ms_sip_routes *r);
MS_MUST_CHECK int ms_sip_routes_add(struct ms_sip_routes *r, struct ms_span value);

struct ms_sip_registration {
	enum ms_sip_registration_state state;
	struct ms_sip_registration_handler handler;
	struct ms_sip_transaction *txn;
	struct ms_timer timer;
	struct sip_keepalive *keepalive; /* of the connection we are reached by */
	struct ms_sip_stream *guard;     /* owned; of the same */
	unsigned expires_s, granted_s, retry_max_s, failures;
	char call_id[MS_SIP_TOKEN_SIZE], tag[MS_SIP_TOKEN_SIZE];
	uint32_t cseq;
	bool removing, lengthened;
};

struct ms_sip_account {
	struct ms_list link;
	struct ms_sip *sip;
	char *identity, *from, *auth_user, *registrar, *proxy, *contact_user;
	char *media_security, *security_server; /* entries with ;mediasec; NULL: none */
	bool security_told;                     /* by a challenge to this REGISTER */
	struct ms_secret password;
	bool has_password;
	enum ms_sip_transport transport;
	struct ms_list realms;
	struct ms_sip_routes service_route, associated;
	struct ms_sip_registration reg;
};

void ms_sip_registration_init(struct ms_sip_account *a);
void ms_sip_registration_done(struct ms_sip_account *a);

/* ---- media-security.c ---- */

/** Takes Security-Server of a challenge (401, 407, 494), if the account has media security; false: none. */
bool ms_sip_security_challenged(struct ms_sip_account *a, const struct sip_msg *m);
/** That of the 200 to REGISTER; without one, what a challenge to that REGISTER said holds. -ENOMEM. */
MS_MUST_CHECK int ms_sip_security_registered(struct ms_sip_account *a, const struct sip_msg *m);
/** Appends Security-Verify and, to REGISTER, Security-Client, if the account has media security. */
void ms_sip_put_security(struct ms_buf *b, const struct ms_sip_account *a, const char *method);

/* ---- digest.c ---- */

/**
 * Takes the challenge of a 401 or 407 to the transaction `owner`. -EACCES: cannot be answered, or our
 * answer in this transaction was refused.
 */
MS_MUST_CHECK int ms_sip_digest_take(struct ms_sip_account *a, const struct sip_msg *m,
				     const void *owner);

/** Appends Authorization and Proxy-Authorization headers for what is known. */
void ms_sip_put_digest(struct ms_buf *b, struct ms_sip_account *a, const char *method,
		       const char *uri);

void ms_sip_realm_free(struct ms_sip_realm *r);

struct ms_sip_digest_input {
	bool sha256, sess;
	struct ms_span user, realm, password, nonce, method, uri;
	struct ms_span cnonce, nc; /* with qop=auth; else empty */
};

/** The response of RFC 7616 section 3.4.1, in hex. */
MS_MUST_CHECK int ms_sip_digest(const struct ms_sip_digest_input *in, char ret_hex[static 65]);

/* ---- dialog.c ---- */

enum ms_sip_usage { MS_SIP_USAGE_SESSION, MS_SIP_USAGE_SUBSCRIPTION, MS_SIP_USAGE_NOTIFIER };

struct ms_sip_dialog {
	struct ms_sip *sip;
	enum ms_sip_usage usage;
	void *owner;
	char *call_id;
	char *local_tag, *remote_tag; /* remote_tag NULL until it is known */
	char *local, *remote;         /* From and To as we write them, without tags */
	char *target;                 /* the peer's Contact, or where the first request goes */
	struct ms_sip_routes routes;
	uint32_t local_seq, remote_seq;
	bool registered, remote_seq_known;
};

/** As client: with new Call-ID and tag, registered at once. `local` and `remote` as header values. */
MS_MUST_CHECK int ms_sip_dialog_new(struct ms_sip *sip, enum ms_sip_usage usage, void *owner,
				    const char *local, const char *remote, const char *target,
				    struct ms_sip_dialog **ret_d);

/** As server, from the request that starts it; our tag is the one libre writes. */
MS_MUST_CHECK int ms_sip_dialog_from_request(struct ms_sip *sip, enum ms_sip_usage usage,
					     void *owner, const struct sip_msg *m,
					     struct ms_sip_dialog **ret_d);

struct ms_sip_dialog *ms_sip_dialog_free(struct ms_sip_dialog *d);

/** Takes tag, route set and target of a response to the first request (RFC 3261 section 12.1.2). */
MS_MUST_CHECK int ms_sip_dialog_confirm(struct ms_sip_dialog *d, const struct sip_msg *m);

/** The same from a NOTIFY that comes before the response to SUBSCRIBE (RFC 6665 section 4.4.1). */
MS_MUST_CHECK int ms_sip_dialog_confirm_by_request(struct ms_sip_dialog *d,
						   const struct sip_msg *m);

/** Takes the new target of a request or response (section 12.2). */
void ms_sip_dialog_retarget(struct ms_sip_dialog *d, const struct sip_msg *m);

/** Is the request in order (section 12.2.2)? Takes its CSeq. */
bool ms_sip_dialog_in_order(struct ms_sip_dialog *d, const struct sip_msg *m);

/** Finds the dialog of a request, or of a response if `response`. NULL. */
struct ms_sip_dialog *ms_sip_dialog_find(struct ms_sip *sip, const struct sip_msg *m);

/* ---- transaction.c ---- */

struct ms_sip_transaction;

/** Provisional answers have err 0 and a status below 200; exactly one final call follows. */
typedef void ms_sip_transaction_h(int err, const struct sip_msg *m, void *arg);

struct ms_sip_transaction_spec {
	const char *method;
	const char *uri;
	struct ms_sip_dialog *dialog; /* NULL: outside; then the next four are used */
	const char *from, *to;        /* header values; from without tag */
	const char *from_tag, *call_id;
	uint32_t *cseq; /* counted up for each try; borrowed; NULL: from 1 */
	bool contact;
	const char *contact_params; /* ";expires=.."; static or outliving; NULL */
	bool follow_redirects;
	bool no_routes;                       /* leave out the account's service route (REGISTER) */
	ms_usec timeout;                      /* 0: libre's 32 s */
	const char *headers;                  /* more complete header lines, or NULL; copied */
	const struct ms_sip_content *content; /* copied */
	void (*release)(
		void *arg); /* for arg, if the handler is never called; NULL: nothing to do */
};

MS_MUST_CHECK int ms_sip_transaction_start(struct ms_sip_account *a,
					   const struct ms_sip_transaction_spec *spec,
					   ms_sip_transaction_h *handler, void *arg,
					   struct ms_sip_transaction **ret_t);

/** Its handler will not be called any more; an INVITE is cancelled. NULL is fine. Returns NULL. */
struct ms_sip_transaction *ms_sip_transaction_free(struct ms_sip_transaction *t);

/** Sends CANCEL as soon as that is allowed; the handler hears the 487. */
void ms_sip_transaction_cancel(struct ms_sip_transaction *t);

/** Ends all transactions of the account without calling handlers. */
void ms_sip_transaction_flush(struct ms_sip_account *a);

/** Ends those inside the dialog, without calling handlers; before the dialog is freed. */
void ms_sip_transaction_flush_dialog(struct ms_sip_dialog *d);

/** Sends an ACK for a 2xx (RFC 3261 section 13.2.2.4). */
MS_MUST_CHECK int ms_sip_send_ack(struct ms_sip_account *a, struct ms_sip_dialog *d, uint32_t seq);

/* ---- session.c, event.c: entries from receive.c ---- */

void ms_sip_session_incoming(struct ms_sip *sip, const struct sip_msg *m);
void ms_sip_session_received(struct ms_sip_session *s, const struct sip_msg *m);
/** A 2xx to INVITE that belongs to no transaction any more. */
void ms_sip_session_stray(struct ms_sip_session *s, const struct sip_msg *m);
void ms_sip_session_drop(struct ms_sip_session *s); /* no callback */
/** Ends it because the stack ends; `closed` is called, now or later. */
void ms_sip_session_shut(struct ms_sip_session *s);
/** Ends what belongs to an account that goes away; no callbacks. */
void ms_sip_session_drop_account(struct ms_sip_account *a);
void ms_sip_subscription_drop_account(struct ms_sip_account *a);
void ms_sip_notifier_drop_account(struct ms_sip_account *a);

void ms_sip_notifier_incoming(struct ms_sip *sip, const struct sip_msg *m);
void ms_sip_notifier_received(struct ms_sip_notifier *n, const struct sip_msg *m);
void ms_sip_notifier_drop(struct ms_sip_notifier *n);
void ms_sip_subscription_received(struct ms_sip_subscription *s, const struct sip_msg *m);
void ms_sip_subscription_drop(struct ms_sip_subscription *s);

/* Walks that bear the freeing of the present one. */
void ms_sip_session_each(struct ms_sip *sip, void (*f)(struct ms_sip_session *s));
void ms_sip_notifier_each(struct ms_sip *sip, void (*f)(struct ms_sip_notifier *n));
void ms_sip_subscription_each(struct ms_sip *sip, void (*f)(struct ms_sip_subscription *s));

#endif
