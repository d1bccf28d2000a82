"""The systemd unit of the agent: as little as still lets it bring a machine into any declared state.

Whatever gives a unit a mount namespace of its own (`ProtectSystem=`, `PrivateTmp=`, `ProtectKernelLogs=` and the
like) is left out: what the agent mounts would be seen by nobody else. So is what its children need:
`NoNewPrivileges=` keeps package scripts from changing into other SELinux domains, `MemoryDenyWriteExecute=` ends
programs that compile as they run, `RestrictNamespaces=` those that make containers, `RestrictSUIDSGID=` the
installation of `sudo`. What it starts, sessions too, has the same limits.

Source: systemd.service(5), systemd.exec(5).
"""

import shlex
from typing import Final

SANDBOX: Final = (
    "UMask=0077",
    "LimitCORE=0",
    "RestrictRealtime=yes",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_ALG AF_VSOCK",
    "CapabilityBoundingSet=~CAP_SYS_RAWIO CAP_SYS_PACCT CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_MAC_OVERRIDE",
    "SystemCallFilter=~@cpu-emulation @obsolete @raw-io kexec_load kexec_file_load",
    "SystemCallErrorNumber=EPERM",
)
"""What the agent and all that it starts cannot do."""


def unit(program: str, state_dir: str) -> str:
    """Return the unit as text, for a program and a state folder that are absolute paths."""
    command = shlex.join((program, "daemon", "--state-dir", state_dir))
    lines = (
        "# The Vigo agent. `vigo unit` printed this.",
        "[Unit]",
        "Description=Vigo agent: keeps this machine in the state that its operators wrote down",
        "Wants=network-online.target",
        "After=network-online.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={command.replace('%', '%%')}",
        "ExecReload=kill -HUP $MAINPID",
        "Restart=always",
        "RestartSec=10",
        "# A change to the machine is brought to its end first. What a policy started goes on, an update of Vigo too.",
        "KillMode=process",
        "TimeoutStopSec=15min",
        "OOMPolicy=continue",
        *SANDBOX,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    )
    return "\n".join(lines) + "\n"
