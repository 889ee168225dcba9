/* SPDX-License-Identifier: Apache-2.0 */
/* The media worker: a role of mediasec-mgw, one a core. It has the keys of its own certificates. */
#ifndef MS_MGW_MEDIA_WORKER_H
#define MS_MGW_MEDIA_WORKER_H

/** Main function of the role "media"; returns its exit status. */
int ms_mgw_media_main(void);

#endif
