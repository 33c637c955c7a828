/** What the pages that a lead may see say, in the languages that we speak. */
import type { ContactChannel } from '../../sequences/lead.ts';

export const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'tr'] as const;
export type Language = (typeof LANGUAGES)[number];

interface Text {
  readonly title: string;
  readonly text: string;
}

/**
 * `ask`: shall it be done? `done`: it is. `chosen`: the channels below are what is left. `unknown`: no such page. `sorry`: it could
 * not be done now.
 */
export type PageName = 'ask' | 'done' | 'chosen' | 'unknown' | 'sorry';

export interface Texts extends Readonly<Record<PageName, Text>> {
  /** The button that ends everything. */
  readonly everything: string;
  /** What stands above the channels to choose from, and the button below them. */
  readonly choose: string;
  readonly save: string;
  readonly channels: Readonly<Record<ContactChannel, string>>;
  /** `chosen`, where a STOP by text message still stands. */
  readonly start: string;
}

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en: {
    ask: { title: 'Unsubscribe', text: 'Would you like to receive no more messages from us?' },
    everything: 'Yes, unsubscribe me',
    choose: 'Or choose how you would still like to hear from us:',
    save: 'Save my choice',
    channels: {
      email: 'Email',
      linkedin: 'LinkedIn',
      sms: 'Text message (SMS)',
      whatsapp: 'WhatsApp',
      call: 'Phone call',
    },
    done: { title: 'You are unsubscribed', text: 'We will not write to you again. You may close this page.' },
    chosen: { title: 'Your choice is saved', text: 'From now on we contact you only in these ways:' },
    start: 'You stopped our text messages by answering STOP. To receive them again, answer START.',
    unknown: {
      title: 'Page not found',
      text: 'This address leads nowhere. If you came here from a mail, copy the whole link, or simply answer that mail.',
    },
    sorry: {
      title: 'Please try again',
      text: 'This could not be done just now. Please try again in a few minutes, or simply answer the mail.',
    },
  },
  de: {
    ask: { title: 'Abmelden', text: 'Möchten Sie keine Nachrichten mehr von uns erhalten?' },
    everything: 'Ja, bitte abmelden',
    choose: 'Oder wählen Sie, wie Sie weiterhin von uns hören möchten:',
    save: 'Auswahl speichern',
    channels: {
      email: 'E-Mail',
      linkedin: 'LinkedIn',
      sms: 'SMS',
      whatsapp: 'WhatsApp',
      call: 'Telefonanruf',
    },
    done: {
      title: 'Sie sind abgemeldet',
      text: 'Wir schreiben Ihnen nicht mehr. Sie können diese Seite schließen.',
    },
    chosen: {
      title: 'Ihre Auswahl ist gespeichert',
      text: 'Von nun an melden wir uns nur noch auf diesen Wegen:',
    },
    start:
      'Sie haben unsere SMS mit STOP beendet. Wenn Sie sie wieder erhalten möchten, antworten Sie mit START.',
    unknown: {
      title: 'Seite nicht gefunden',
      text: 'Diese Adresse führt nirgendwohin. Wenn Sie aus einer Mail kommen, kopieren Sie bitte den ganzen Link, oder antworten Sie einfach auf die Mail.',
    },
    sorry: {
      title: 'Bitte noch einmal versuchen',
      text: 'Das ging gerade nicht. Bitte versuchen Sie es in ein paar Minuten noch einmal, oder antworten Sie einfach auf die Mail.',
    },
  },
  fr: {
    ask: { title: 'Se désabonner', text: 'Souhaitez-vous ne plus recevoir de messages de notre part ?' },
    everything: 'Oui, me désabonner',
    choose: 'Ou choisissez comment vous acceptez encore d’être contacté :',
    save: 'Enregistrer mon choix',
    channels: {
      email: 'E-mail',
      linkedin: 'LinkedIn',
      sms: 'SMS',
      whatsapp: 'WhatsApp',
      call: 'Appel téléphonique',
    },
    done: {
      title: 'Vous êtes désabonné',
      text: 'Nous ne vous écrirons plus. Vous pouvez fermer cette page.',
    },
    chosen: {
      title: 'Votre choix est enregistré',
      text: 'Désormais, nous vous contacterons uniquement par ces moyens :',
    },
    start: 'Vous avez arrêté nos SMS en répondant STOP. Pour les recevoir à nouveau, répondez START.',
    unknown: {
      title: 'Page introuvable',
      text: 'Cette adresse ne mène nulle part. Si vous venez d’un e-mail, copiez le lien en entier ou répondez simplement à cet e-mail.',
    },
    sorry: {
      title: 'Veuillez réessayer',
      text: 'L’opération n’a pas pu aboutir. Veuillez réessayer dans quelques minutes ou répondre simplement à l’e-mail.',
    },
  },
  es: {
    ask: { title: 'Darse de baja', text: '¿Desea no recibir más mensajes nuestros?' },
    everything: 'Sí, deseo darme de baja',
    choose: 'O elija por qué medios desea seguir recibiendo noticias nuestras:',
    save: 'Guardar mi elección',
    channels: {
      email: 'Correo electrónico',
      linkedin: 'LinkedIn',
      sms: 'SMS',
      whatsapp: 'WhatsApp',
      call: 'Llamada telefónica',
    },
    done: { title: 'Se ha dado de baja', text: 'No volveremos a escribirle. Puede cerrar esta página.' },
    chosen: {
      title: 'Su elección se ha guardado',
      text: 'A partir de ahora solo le contactaremos por estos medios:',
    },
    start: 'Usted detuvo nuestros SMS respondiendo STOP. Para volver a recibirlos, responda START.',
    unknown: {
      title: 'Página no encontrada',
      text: 'Esta dirección no lleva a ninguna parte. Si viene de un correo, copie el enlace completo o simplemente responda a ese correo.',
    },
    sorry: {
      title: 'Inténtelo de nuevo',
      text: 'No se ha podido completar en este momento. Inténtelo de nuevo dentro de unos minutos o simplemente responda al correo.',
    },
  },
  pt: {
    ask: { title: 'Cancelar a subscrição', text: 'Deseja não receber mais mensagens nossas?' },
    everything: 'Sim, cancelar a subscrição',
    choose: 'Ou escolha como ainda deseja ser contactado por nós:',
    save: 'Guardar a minha escolha',
    channels: {
      email: 'E-mail',
      linkedin: 'LinkedIn',
      sms: 'SMS',
      whatsapp: 'WhatsApp',
      call: 'Chamada telefónica',
    },
    done: {
      title: 'Subscrição cancelada',
      text: 'Não voltaremos a escrever-lhe. Pode fechar esta página.',
    },
    chosen: {
      title: 'A sua escolha foi guardada',
      text: 'A partir de agora, só o contactaremos por estes meios:',
    },
    start: 'Cancelou os nossos SMS ao responder STOP. Para voltar a recebê-los, responda START.',
    unknown: {
      title: 'Página não encontrada',
      text: 'Este endereço não leva a lado nenhum. Se veio de um e-mail, copie a ligação completa ou responda simplesmente a esse e-mail.',
    },
    sorry: {
      title: 'Tente novamente',
      text: 'Não foi possível concluir neste momento. Tente novamente dentro de alguns minutos ou responda simplesmente ao e-mail.',
    },
  },
  it: {
    ask: { title: 'Annulla l’iscrizione', text: 'Desidera non ricevere più messaggi da noi?' },
    everything: 'Sì, annulla l’iscrizione',
    choose: 'Oppure scelga come desidera ancora essere contattato da noi:',
    save: 'Salva la mia scelta',
    channels: {
      email: 'E-mail',
      linkedin: 'LinkedIn',
      sms: 'SMS',
      whatsapp: 'WhatsApp',
      call: 'Telefonata',
    },
    done: { title: 'Iscrizione annullata', text: 'Non Le scriveremo più. Può chiudere questa pagina.' },
    chosen: {
      title: 'La Sua scelta è stata salvata',
      text: 'D’ora in poi La contatteremo solo in questi modi:',
    },
    start: 'Ha interrotto i nostri SMS rispondendo STOP. Per riceverli di nuovo, risponda START.',
    unknown: {
      title: 'Pagina non trovata',
      text: 'Questo indirizzo non porta da nessuna parte. Se arriva da un’e-mail, copi l’intero link oppure risponda semplicemente a quell’e-mail.',
    },
    sorry: {
      title: 'Riprovi',
      text: 'Al momento non è stato possibile completare l’operazione. Riprovi tra qualche minuto oppure risponda semplicemente all’e-mail.',
    },
  },
  tr: {
    ask: { title: 'Abonelikten çık', text: 'Bizden artık ileti almak istemiyor musunuz?' },
    everything: 'Evet, beni listeden çıkarın',
    choose: 'Ya da size hâlâ hangi yollarla ulaşabileceğimizi seçin:',
    save: 'Seçimimi kaydet',
    channels: {
      email: 'E-posta',
      linkedin: 'LinkedIn',
      sms: 'Kısa mesaj (SMS)',
      whatsapp: 'WhatsApp',
      call: 'Telefon araması',
    },
    done: {
      title: 'Listeden çıkarıldınız',
      text: 'Size bir daha yazmayacağız. Bu sayfayı kapatabilirsiniz.',
    },
    chosen: { title: 'Seçiminiz kaydedildi', text: 'Bundan sonra size yalnızca şu yollarla ulaşacağız:' },
    start: 'STOP yanıtıyla kısa mesajlarımızı durdurdunuz. Yeniden almak için START yanıtını gönderin.',
    unknown: {
      title: 'Sayfa bulunamadı',
      text: 'Bu adres bir yere çıkmıyor. Bir e-postadan geldiyseniz bağlantının tamamını kopyalayın ya da o e-postayı yanıtlayın.',
    },
    sorry: {
      title: 'Lütfen yeniden deneyin',
      text: 'Bu işlem şu anda yapılamadı. Birkaç dakika sonra yeniden deneyin ya da e-postayı yanıtlayın.',
    },
  },
};
