/* SPDX-License-Identifier: Apache-2.0 */
/* The parent: reads the configuration, has the listening sockets, starts and watches the roles. */
#ifndef MS_KMS_PARENT_H
#define MS_KMS_PARENT_H

#include "daemon/daemon.h"

extern const struct ms_daemon_app ms_kms_app;

#endif
