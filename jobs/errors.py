"""What a job says when it cannot be done.

SystemFault
└── AuditFailed              the audit's own process ended without a result; the job is tried again
"""

from catalog.errors import SystemFault


class AuditFailed(SystemFault):
    code = "AUDIT_FAILED"
