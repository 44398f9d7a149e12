"""Sets the five passwords with the clients that openapi-python-client generates."""

from typing import NoReturn
from uuid import UUID

import scenario
from generated.openapi_python_client import dcs, ddm, dms
from generated.openapi_python_client.dcs import models as dcs_models
from generated.openapi_python_client.dcs.api.redis_instances import reset_password as dcs_reset
from generated.openapi_python_client.dcs.api.redis_instances import update_password
from generated.openapi_python_client.ddm import models as ddm_models
from generated.openapi_python_client.ddm.api.ddm_accounts import (
    reset_administrator,
    reset_user_password,
)
from generated.openapi_python_client.dms import models as dms_models
from generated.openapi_python_client.dms.api.kafka_instances import reset_password as dms_reset
from scenario import ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, TOKEN, URL, Refused, prove

# The token alone, in its own header: the default is `Authorization: Bearer`.
HEADER, PREFIX = "X-Auth-Token", ""

# The three clients have a class each.
ErrorBody = ddm_models.ErrorBody | dcs_models.ErrorBody | dms_models.ErrorBody


def refuse(status: int, error: ErrorBody) -> NoReturn:
    """A 4xx with a code is a refusal; after anything else it is not known what happened."""
    # DDM says `errCode`, the other services and the gateway before all of them `error_code`.
    code = getattr(error, "err_code", None) or error.error_code
    if not code or not 400 <= status < 500:
        raise RuntimeError(f"status {status} does not say whether the password changed")
    raise Refused(code)


class Client:
    def __init__(self) -> None:
        # These follow no redirect, and send nothing twice.
        self.ddm = ddm.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)
        self.dcs = dcs.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)
        self.dms = dms.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)

    def ddm_reset_user_password(self, password: str) -> None:
        body = ddm_models.ResetUserPasswordRequest(password=password)
        answer = reset_user_password.sync_detailed(
            PROJECT_ID, DDM_ID, ACCOUNT, client=self.ddm, body=body
        )
        if isinstance(answer.parsed, ErrorBody):
            refuse(answer.status_code, answer.parsed)
        prove(answer.parsed and answer.parsed.success, True, False)

    def ddm_reset_administrator(self, password: str) -> None:
        body = ddm_models.ResetAdministratorRequest(name="root", password=password)
        # The success may come without a body, at which `sync_detailed` fails.
        request = reset_administrator._get_kwargs(PROJECT_ID, DDM_ID, body=body)
        answer = self.ddm.get_httpx_client().request(**request)
        if answer.is_error:
            refuse(answer.status_code, ddm_models.ErrorBody.from_dict(answer.json()))
        # 202: it is accepted, and a job does it.
        prove(answer.status_code in (200, 202), True)

    def dcs_update_password(self, old_password: str, password: str) -> None:
        body = dcs_models.UpdatePasswordRequest(old_password=old_password, new_password=password)
        answer = update_password.sync_detailed(
            PROJECT_ID, UUID(DCS_ID), client=self.dcs, body=body
        )
        if isinstance(answer.parsed, ErrorBody):
            refuse(answer.status_code, answer.parsed)
        prove(
            answer.parsed and answer.parsed.result, "success", "passwordFailed", "locked", "failed"
        )

    def dcs_reset_password(self, password: str) -> None:
        body = dcs_models.ResetPasswordRequest(new_password=password)
        answer = dcs_reset.sync_detailed(PROJECT_ID, UUID(DCS_ID), client=self.dcs, body=body)
        if isinstance(answer.parsed, ErrorBody):
            refuse(answer.status_code, answer.parsed)
        prove(answer.parsed and answer.parsed.code, "1", "3")

    def dms_reset_password(self, password: str) -> None:
        body = dms_models.ResetPasswordRequest(new_password=password)
        answer = dms_reset.sync_detailed(PROJECT_ID, UUID(DMS_ID), client=self.dms, body=body)
        if isinstance(answer.parsed, ErrorBody):
            refuse(answer.status_code, answer.parsed)
        prove(answer.status_code, 204)


scenario.run(Client())
