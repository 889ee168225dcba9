/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions and notifications (RFC 6665), both roles.
 */
#ifndef MS_SIP_EVENT_H
#define MS_SIP_EVENT_H

#include "sip/account.h"

enum ms_sip_subscription_state { MS_SIP_PENDING, MS_SIP_ACTIVE, MS_SIP_TERMINATED };

/** The watching side. */
struct ms_sip_subscription;

struct ms_sip_subscription_handlers {
	/** A NOTIFY (already answered 200). `state` is what its Subscription-State says. */
	void (*notify)(struct ms_sip_subscription *s, enum ms_sip_subscription_state state,
		       const struct ms_sip_message *m, void *arg);
	/** The end; the subscription is gone afterwards. m: the last NOTIFY, a refusal, or NULL. */
	void (*closed)(struct ms_sip_subscription *s, int err, const struct ms_sip_message *m,
		       void *arg);
};

struct ms_sip_subscribe_spec {
	const char *uri;    /* whom to watch */
	const char *event;  /* event package with its parameters, e.g. "conference" */
	const char *accept; /* Accept header; NULL: none */
	unsigned expires_s;
	struct ms_sip_content content;
};

/** Subscribes and refreshes until ended. Borrowed until `closed` returns. */
MS_MUST_CHECK int ms_sip_subscribe(struct ms_sip_account *a,
				   const struct ms_sip_subscribe_spec *spec,
				   const struct ms_sip_subscription_handlers *handlers, void *arg,
				   struct ms_sip_subscription **ret_subscription);

/** Unsubscribes; `closed` follows. */
void ms_sip_unsubscribe(struct ms_sip_subscription *s);

struct ms_sip_notifier_handlers {
	/** A refresh (already answered); a NOTIFY with the full state should follow. */
	void (*refreshed)(struct ms_sip_notifier *n, const struct ms_sip_message *m, void *arg);
	/** The watcher ended it, its time ran out, or a NOTIFY failed (err < 0). Gone afterwards; for
	 * an end by the watcher or by time the last NOTIFY has been sent. */
	void (*closed)(struct ms_sip_notifier *n, int err, void *arg);
};

/**
 * Inside handlers.subscribe: accepts a watcher with 200 and at most `max_expires_s` seconds. Send the
 * first NOTIFY right after. A SUBSCRIBE neither accepted nor refused there is answered 489.
 */
MS_MUST_CHECK int ms_sip_notifier_accept(struct ms_sip_notifier *n, struct ms_sip_account *a,
					 unsigned max_expires_s,
					 const struct ms_sip_notifier_handlers *handlers,
					 void *arg);

/** Inside handlers.subscribe: refuses (403, 489 ...). The notifier is gone afterwards. */
MS_MUST_CHECK int ms_sip_notifier_refuse(struct ms_sip_notifier *n, unsigned status,
					 const char *reason, const struct ms_sip_content *content);

/**
 * Sends a NOTIFY. MS_SIP_TERMINATED ends the subscription with `reason` ("noresource" ...; NULL:
 * none): the notifier is gone afterwards, without `closed`.
 */
MS_MUST_CHECK int ms_sip_notify(struct ms_sip_notifier *n, enum ms_sip_subscription_state state,
				const char *reason, const struct ms_sip_content *content);

/** Time left, seconds. */
unsigned ms_sip_notifier_expires(const struct ms_sip_notifier *n);

#endif
