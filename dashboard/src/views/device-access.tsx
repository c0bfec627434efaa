// How devices get their credentials, for administrators: field gateways, enrolment keys, many devices at once.
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';
import { BulkDevices } from './bulk-devices.tsx';
import { EnrolmentKeys } from './enrolment-keys.tsx';
import { FieldGateways } from './field-gateways.tsx';

/** The credential of one device is on that device's page. */
export function DeviceAccessView() {
  const { session } = useApp();
  if (!session.may('administrator')) return <p class="notice is-bad">{text.deviceAccess.forbidden}</p>;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title['device-access']}</h1>
      </div>
      <p class="muted lead">{text.deviceAccess.intro}</p>
      <div class="panels">
        <FieldGateways />
        <EnrolmentKeys />
        <BulkDevices />
      </div>
    </>
  );
}
