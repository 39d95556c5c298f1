import { type Partner, partnerFile } from '../../core/partner.ts';

/** What a partner's file must have; the password fits the schema and no word. */
export const minimalPartner = {
  name: 'acme',
  logins: [{ user: 'a', password: `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'A'.repeat(43)}` }],
};

export const aPartner = (more: object = {}): Partner => partnerFile.parse({ ...minimalPartner, ...more });
