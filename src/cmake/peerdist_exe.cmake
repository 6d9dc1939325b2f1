# SPDX-License-Identifier: LGPL-2.1-or-later
# Name, place and version of the command line program.
set_target_properties(peerdist_cli PROPERTIES OUTPUT_NAME peerdist
    RUNTIME_OUTPUT_DIRECTORY "${PD_OUTPUT_DIR}")
pd_version_resource(peerdist_cli peerdist.exe "Peer Distribution command line" APP)
