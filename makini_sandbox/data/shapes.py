"""The item types of the v3 API, as compact lists of their fields.

The names are those of the v3 spec, in its order. What a field holds follows from its name (see
``makini_sandbox.data.makers``); a ``?`` marks a field that is null in most rows, ``name:Type`` a
nested object, ``name:[Type]`` a list of them, and ``name:word`` another maker than the name's own.
"""

from __future__ import annotations

_ADDRESS = """
    country addressLines addressee? state? city postCode phone? email? notes? isActive createdAt
    updatedAt
"""
_ORDER_LINE = """
    key locationKey accountKey? vendorKey assetKey? materialKey productKey? statusKey storeroomKey
    lineNo code type name description? lineRef? quantity receivedQuantity uomKey currencyKey price
    discount lineTaxValue lineTotalValue notes? deliveryAt? dueAt? createdAt updatedAt
    deletedAt:never
"""
_TOTALS = "totalNetValue totalTaxValue totalGrossValue"

SHAPES = {
    "Address": _ADDRESS,
    "Contact": "name:person position phones? emails isActive isDefault",
    "Dimension": "length width height weight uomKey",
    "Organization": """
        key currencyKey name code description? addresses:[Address] billingAddress?:Address
        contacts:[Contact] createdAt updatedAt deletedAt
    """,
    "Site": """
        key organizationKey name code description? contact:Contact customerKey? lat lng
        address:Address billingAddress?:Address properties? notes? createdAt updatedAt deletedAt
    """,
    "Location": """
        key siteKey parentKey? teamKey? organizationKey name userManagerKey? description? code type
        address?:Address isActive contact?:Contact isDefault createdAt updatedAt deletedAt
    """,
    "Storeroom": """
        key parentKey? siteKey locationKey userManagerKey code name type description? priority
        createdAt updatedAt deletedAt
    """,
    "Account": "key code name description activatedAt expiresAt? createdAt updatedAt deletedAt",
    "Team": """
        key accountKey code name description? createdAt updatedAt deletedAt organizationKey
    """,
    "Labor": """
        key organizationKeys siteKeys locationKeys accountKey vendorKey? userKey? code teamKey
        name:person firstName middleName? lastName roleName description? notes? isActive costUomKey
        currencyKey createdAt updatedAt deletedAt
    """,
    "User": """
        key organizationKey siteKeys locationKeys name:person roleName description? notes? isActive
        createdAt updatedAt deletedAt
    """,
    "UnitOfMeasure": "key name:unit code:unitCode rateBaseKey? rate isActive",
    "Company": """
        key parentKey? organizationKey name code addresses:[Address] billingAddress?:Address
        currencyKey notes? createdAt updatedAt deletedAt
    """,
    "Vendor": "key name code companyKey organizationKey createdAt updatedAt deletedAt",
    "Customer": """
        key name code organizationKey addresses:[Address] billingAddress?:Address companyKey
        createdAt updatedAt deletedAt
    """,
    "Stock": """
        key productKey? materialKey locationKey storeroomKey assetKey? position uomKey quantity
        reorderPoint expiresAt? reorderQuantity minLevel maxLevel reorderLevel createdAt updatedAt
        deletedAt
    """,
    "POLineItem": _ORDER_LINE,
    "PurchaseOrder": """
        key siteKey organizationKey orderDate vendorKey userRequestedKey userApprovedKey? orderNo
        statusKey title description? dueAt approvedAt? completedAt? shippingMethod shipmentDate?
        shipmentAddress?:Address billingAddress?:Address terms notes? deliveryAddress:Address
        currencyKey locationKey totalNetValue totalGrossValue updatedAt lineItems:[POLineItem]
    """,
    "LineItem": """
        key locationKey assetKey statusKey materialKey storeroomKey vendorKey productKey price
        discount deliveryAt lineNo code name description lineRef quantity receivedQuantity type
        uomKey cost currencyKey lineTotalValue lineTaxValue notes dueAt createdAt updatedAt
    """,
    "SupplyOption": """
        vendorKey partNumber price uomKey currencyKey uomQuantity makePartNumber? reorderPoint
        createdAt updatedAt
    """,
    "PriceLevel": """
        name price uomKey uomQuantity currencyKey taxKey? minQuantity maxQuantity? updatedAt
        deletedAt:never
    """,
    "Inventory": "key code name quantity unitCost locationKey updatedAt createdAt",
    "MaterialItem": """
        key materialKey assemblyKey? assetKey? assetTemplateKey? workOrderKey pmKey?
        productionOrderKey? partNumber drawingNumber? positionNumber documentKey? name uomKey
        quantity requiredQuantity createdAt updatedAt deletedAt
    """,
    "Document": """
        key entityKeys name:file url type contentType description? notes? createdAt updatedAt
    """,
    "Drawing": "drawingNo drawingPos referenceNo? referencePos? documents?:[@documents]",
    "Part": """
        key siteKeys parentKeys? assetKeys vendorKeys organizationKey documents?:[@documents]
        accountKey? categoryName code isAssembly partNumber name description? notes? criticality
        isActive manufacturerName minimumQuantity uomKey cost currency
        supplyOptions?:[SupplyOption] priceLevels?:[PriceLevel] createdAt updatedAt deletedAt
        inventory:@inventories drawings?:[Drawing] dimensions?:Dimension
    """,
    "Asset": """
        key siteKey parentKey? vendorKey? teamKey documents?:[@documents] locationKey customerKey?
        accountKeys name description? makeCompanyKey? assetTemplateKey isPhysical notes?
        categoryName criticality isActive makeName modelName serialNumber activatedAt
        deactivatedAt? createdAt updatedAt deletedAt
    """,
    "AssetDowntime": """
        key assetKey description startedAt endedAt? categoryName severity notes? createdAt updatedAt
    """,
    "Model": """
        key siteKey documents?:[@documents] name manufacturerName createdAt updatedAt deletedAt
    """,
    "Counter": """
        key siteKey assetKeys uomName uomKey lastReading lastReadingAt createdAt updatedAt deletedAt
    """,
    "CounterReading": "key assetKey meterKey reading createdAt",
    "WorkTrigger": "uomKey type:trigger interval recurring condition?",
    "Task": "key parentKey:never code title description? priority checkList",
    "Work": """
        laborKey vendorKey? assetKey teamKey? poKey? poLineItemKey? accountKey? name description?
        estimatedTime registeredTime rate cost startedAt finishedAt? createdAt updatedAt
        deletedAt:never
    """,
    "PreventiveMaintenance": """
        key assetKeys teamKey siteKey accountKey? title description? status severity
        laborAssignedKey estimatedTime roleName categoryName documents?:[@documents]
        assetTemplateKeys statusKey notes? dueAt categoryCode requiresMaterials
        triggers:[WorkTrigger] tasks:[Task] resources?:[Work] createdAt updatedAt deletedAt
    """,
    "CustomField": "name:customField",
    "WorkOrder": """
        key parentKey? locationKey siteKey assetKey accountKey? title serviceRequestKey? code pmKey?
        teamKey laborAssignedKey? userApprovedKey? assetDowntimeKey? organizationKey? instructions?
        status statusKey severity estimatedTime roleName? categoryName storeroomKey? notes?
        approvedAt? dueAt scheduledAt actualTime completedAt? completionRemarks? tasks?:[Task]
        documents?:[@documents] resources?:[Work] materialCount createdAt updatedAt deletedAt
    """,
    "ServiceRequest": """
        key siteKey locationKey storeroomKey? assetKey workOrderKey? teamKey? userRequestedKey
        userApprovedKey? laborAssignedKey? documents?:[@documents] title description? statusKey
        severity estimatedTime roleName? categoryName notes? approvedAt? dueAt? createdAt updatedAt
        deletedAt
    """,
    "Status": """
        key organizationKey parentKey:never name:listedStatus code:statusCode subCode? scope isActive
        createdAt updatedAt deletedAt:never
    """,
    "ReturnOrder": f"""
        key organizationKey siteKey vendorKey statusKey code poKey orderNo orderDate type title
        description? dueAt approvedAt? completedAt? shippingMethod terms notes? currencyKey
        {_TOTALS} lineItems:[POLineItem] createdAt updatedAt
    """,
    "Tax": """
        key organizationKey name:tax type:taxType taxPercentage isActive createdAt updatedAt
        deletedAt:never
    """,
    "Currency": """
        key name:currencyName code:currencyCode isBase isActive createdAt updatedAt deletedAt:never
    """,
    "ExchangeRate": "key currencyKey baseCurrencyKey rate createdAt",
    "Product": """
        key groupKey organizationKey uomKey code name description? type isTaxable taxKeys
        status:lifecycle price currencyKey quantity sku upc? ean? isbn? partNumber
        dimensions?:Dimension supplyOptions?:[SupplyOption] priceLevels?:[PriceLevel] createdAt
        updatedAt deletedAt
    """,
    "SalesLineItem": """
        productKey locationKey storeroomKey quantity quantityRequired price discount lineTaxValue
        lineTotalValue taxKey
    """,
    "SalesOrder": """
        key organizationKey customerKey userKey? code orderNumber date statusKey shipmentDate?
        contactPerson:person lines:[SalesLineItem] currencyKey currencyRate shipmentOrderKey?
        shipmentAddress:Address billingAddress?:Address createdAt updatedAt deletedAt
    """,
    "Project": "key siteKey name accountKey statusKey budget createdAt updatedAt deletedAt",
    "InvoiceLineItem": """
        key locationKey vendorKey productKey statusKey storeroomKey currencyKey lineNo code lineRef?
        quantity receivedQuantity uomKey price discount lineTaxValue lineTotalValue notes?
        deliveryAt? createdAt updatedAt deletedAt:never
    """,
    "Invoice": f"""
        key title customerKey? locationKey invoiceNumber vendorKey poKey statusKey
        lineItems:[InvoiceLineItem] invoiceDate dueDate receivedDate? currencyKey {_TOTALS}
        salesOrderKey? createdAt updatedAt deletedAt
    """,
    "Receipt": f"""
        key siteKey vendorKey poKey code orderNo orderDate title description? completedAt?
        shippingMethod notes? currencyKey {_TOTALS} lineItems:[POLineItem] createdAt updatedAt
    """,
    "BOMLineItem": """
        locationKey materialKey productKey? currencyKey description? quantity uomKey notes? price
        createdAt updatedAt
    """,
    "BillOfMaterial": """
        key siteKey name projectKey? type:bomType lineItems:[BOMLineItem] createdAt updatedAt
    """,
    "ProductionOrder": f"""
        key siteKey statusKey locationKey orderNo orderDate {_TOTALS} note? lineItems:[POLineItem]
        createdAt updatedAt deletedAt
    """,
    "Receiving": f"""
        key organizationKey siteKey vendorKey poKey code orderNo orderDate title description?
        completedAt? shippingMethod notes? currencyKey {_TOTALS} lineItems:[POLineItem] createdAt
        updatedAt
    """,
    "RequestForQuotation": f"""
        key siteKey vendorKey organizationKey accountKey? code statusKey shippingMethod
        shippingAddress:[Address] lineItems:[POLineItem] documentKeys {_TOTALS} createdAt updatedAt
        deletedAt
    """,
    "PurchaseRequisition": f"""
        key siteKey requesterKey accountKey? userRequestedKey userApprovedKey? code statusKey
        shippingMethod shippingAddress:Address lineItems:[POLineItem] documentKeys {_TOTALS}
        createdAt updatedAt deletedAt
    """,
    "StockLineItem": "productKey? materialKey quantity locationKey storeroomKey",
    "StockTransfer": """
        key organizationKey shipmentOrderKey? fromLocationKey toLocationKey fromStoreroomKey
        toStoreroomKey statusKey code date lineItems:[StockLineItem] orderNumber shipmentNumber?
        shipmentAddress?:Address shipmentRequired shippingMethod createdAt updatedAt deletedAt
    """,
    "Fulfillment": """
        key organizationKey siteKey vendorKey? customerKey salesOrderKey stockTransferKey? statusKey
        code orderNo orderDate title description? completedAt? notes? shipmentAddress:Address
        lineItems:[StockLineItem] createdAt updatedAt
    """,
    "ProductGroup": "key parentKey? code name description? updatedAt createdAt deletedAt",
    "StockAdjustment": """
        key locationKey storeroomKey userKey date reason lineItems:[StockLineItem] adjustmentNumber
        total type:adjustmentType createdAt updatedAt deletedAt
    """,
    "ShipmentOrder": """
        key userKey customerKey vendorKey? orderNumber shipmentNumber date statusKey
        lineItems:[StockLineItem] destinationAddress:[Address] carrierName shippingMethod notes?
        createdAt updatedAt deletedAt
    """,
}
